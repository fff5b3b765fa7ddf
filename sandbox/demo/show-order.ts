import { approvalCommand } from './approval.ts';
import type { FollowedOrder } from './follow.ts';
import { showResults } from './results.ts';

/** Prints what has become of an order: its results, what it waits for and how that is answered, or why it is not done. */
export async function showOrder(at: {
  adapterUrl: string;
  ehrUrl: string;
  token: string;
  route: string;
  order: FollowedOrder;
  say(line: string): void;
}): Promise<void> {
  const { adapterUrl, ehrUrl, token, route, say } = at;
  const { id, status, task, question, reason } = at.order;
  if (status === 'completed') {
    say(`\nIn the EHR, of ${route}:\n`);
    await showResults({ ehrUrl, task, say });
    return;
  }
  if (!question) {
    say(`\n${route} is ${status}: ${reason ?? ''}`);
    return;
  }
  say(`\n${route} waits for an answer:\n\n  ${question.text}`);
  const amount = question.number?.exactly;
  if (amount !== undefined) {
    say(`\nTo approve it:\n\n  ${approvalCommand({ adapterUrl, token, order: id, question: question.id, amount })}`);
  }
}

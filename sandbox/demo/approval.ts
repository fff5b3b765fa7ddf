/** As one word of a shell's command line. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The command that approves what an order asks for, to be pasted. */
export function approvalCommand(at: {
  adapterUrl: string;
  token: string;
  order: string;
  /** The question's id. */
  question: string;
  /** Which has to be given exactly. */
  amount: number;
}): string {
  const headers = [`Authorization: Bearer ${at.token}`, 'Content-Type: application/json'];
  const body = JSON.stringify({ question: at.question, value: at.amount });
  const words = [...headers.flatMap((header) => ['-H', quoted(header)]), '-d', quoted(body)];
  return `curl ${words.join(' ')} ${quoted(`${at.adapterUrl}/api/orders/${at.order}/answer`)}`;
}

/** `$status` and `$events` of the Backport guide and of R5. */
import { notFound, OperationOutcomeError } from '@medplum/core';
import { z } from 'zod';
import { refuse } from '../outcomes.ts';
import type { Json } from './bundle.ts';
import { notificationBundle, statusBundle } from './bundle.ts';
import type { EventLog } from './event-log.ts';
import type { Content } from './flavours.ts';
import type { Report, Wording } from './status.ts';
import type { TopicSubscription } from './subscription.ts';

export interface OperationsOptions {
  wording(): Wording;
  log: EventLog;
  all(): TopicSubscription[];
  report(subscription: TopicSubscription, more: Pick<Report, 'kind' | 'events' | 'content'>): Report;
  now(): Date;
}

const CONTENTS: readonly string[] = ['empty', 'id-only', 'full-resource'] satisfies Content[];
const isContent = (text: string): text is Content => CONTENTS.includes(text);

const parameters = z.looseObject({
  parameter: z.array(z.looseObject({ name: z.string() })).default([]),
});

/** The input of an operation that came by POST, as the words that a GET would have had. */
export function wordsOf(body: unknown): URLSearchParams {
  const words = new URLSearchParams();
  for (const { name, ...rest } of parameters.parse(body).parameter) {
    const value = Object.entries(rest).find(([key]) => key.startsWith('value'))?.[1];
    words.append(name, String(value ?? ''));
  }
  return words;
}

/** An event number, `otherwise` where it is not given; 400 where it is none. */
function numberOf(words: URLSearchParams, name: string, otherwise: number): number {
  const text = words.get(name);
  if (text !== null && !/^\d{1,19}$/.test(text)) {
    throw refuse('invalid', 'invalid', `Invalid ${name}`);
  }
  return text === null ? otherwise : Number(text);
}

/** Values of a word that may come several times, and several in one with commas. */
const valuesOf = (words: URLSearchParams, name: string): string[] =>
  words.getAll(name).flatMap((each) => each.split(','));

export function openOperations({ wording, log, all, report, now }: OperationsOptions) {
  function one(id: string): TopicSubscription {
    const found = all().find((each) => each.id === id);
    if (!found) {
      throw new OperationOutcomeError(notFound);
    }
    return found;
  }

  return {
    /** `id` absent: of all, narrowed by the words `id` and `status`. */
    status(id: string | undefined, words: URLSearchParams): Json {
      const [ids, statuses] = [valuesOf(words, 'id'), valuesOf(words, 'status')];
      const asked = id
        ? [one(id)]
        : all().filter(
            (each) =>
              (ids.length === 0 || ids.includes(each.id)) && (statuses.length === 0 || statuses.includes(each.status)),
          );
      const said = { kind: 'query-status', events: [], content: 'id-only' } as const;
      return statusBundle(
        wording(),
        asked.map((each) => report(each, said)),
      );
    },

    events(id: string, words: URLSearchParams): Json {
      const subscription = one(id);
      const since = numberOf(words, 'eventsSinceNumber', 1);
      const until = numberOf(words, 'eventsUntilNumber', Number.MAX_SAFE_INTEGER);
      const asked = words.get('content') ?? subscription.content ?? 'id-only';
      if (!isContent(asked)) {
        throw refuse('invalid', 'invalid', 'Invalid content');
      }
      const events = log.events(id, since, until);
      const said = report(subscription, { kind: 'query-event', events, content: asked });
      return notificationBundle(wording(), said, now().toISOString());
    },
  };
}

export type Operations = ReturnType<typeof openOperations>;

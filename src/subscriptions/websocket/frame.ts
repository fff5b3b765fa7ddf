/**
 * Reads what a server sends over a WebSocket. Never throws, whatever came: a frame is nothing that anybody has checked.
 * Pure.
 */
import { z } from 'zod';
import { parseJson } from '../dialects/resource-body.ts';
import { readStatus } from '../dialects/subscription-status.ts';

export type Frame =
  | { kind: 'pong' }
  /** The Subscriptions that are bound, by id: a handshake says it of the one just bound, a heartbeat of all. */
  | { kind: 'handshake' | 'heartbeat'; subscriptions: string[] }
  /** Something happened, or nobody can say what: to be stored as it came. */
  | { kind: 'event'; text: string; about?: { type: string; id: string; version?: string } }
  /** An OperationOutcome: something that we sent was not taken. */
  | { kind: 'error' }
  | { kind: 'unknown' };

const pong = z.looseObject({ type: z.literal('pong') });
const outcome = z.looseObject({ resourceType: z.literal('OperationOutcome') });
const entry = z.looseObject({ resource: z.unknown().optional() }).catch({});
const bundle = z.looseObject({
  resourceType: z.literal('Bundle'),
  entry: z.array(entry).optional().catch(undefined),
});
const versioned = z.looseObject({ meta: z.looseObject({ versionId: z.string().max(64) }) });

/** So many entries are looked at: a heartbeat has one for each Subscription of ours. */
const MOST = 1000;

function textOf(data: unknown): string | undefined {
  if (typeof data === 'string') {
    return data;
  }
  try {
    return data instanceof ArrayBuffer ? new TextDecoder('utf-8', { fatal: true }).decode(data) : undefined;
  } catch {
    return undefined;
  }
}

function readBundle(entries: z.infer<typeof entry>[], text: string): Frame {
  const [first, second] = entries;
  const status = readStatus(first?.resource);
  const { kind, events = [] } = status ?? {};
  if ((kind === 'handshake' || kind === 'heartbeat') && events.length === 0) {
    const said = entries.slice(0, MOST).map(({ resource }) => readStatus(resource)?.subscription?.id);
    return { kind, subscriptions: said.flatMap((id) => id ?? []) };
  }
  const [event] = events;
  if (!event?.focus || events.length > 1) {
    return { kind: 'event', text };
  }
  const { type, id } = event.focus;
  const version = versioned.safeParse(second?.resource).data?.meta.versionId;
  return { kind: 'event', text, about: { type, id, ...(version !== undefined && { version }) } };
}

/** `data` as the socket gives it: a text, or the bytes of one. */
export function readFrame(data: unknown): Frame {
  const text = textOf(data);
  const json = text === undefined ? undefined : parseJson(text);
  if (text === undefined || json === undefined) {
    return { kind: 'unknown' };
  }
  const read = bundle.safeParse(json);
  if (read.success) {
    return readBundle(read.data.entry ?? [], text);
  }
  if (outcome.safeParse(json).success) {
    return { kind: 'error' };
  }
  return pong.safeParse(json).success ? { kind: 'pong' } : { kind: 'unknown' };
}

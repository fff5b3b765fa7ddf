/** The run that is asked for: its form, and the keys by which it is found again. Pure. */
import { createHash } from 'node:crypto';
import type { Options } from './settings.ts';
import type { State } from './state.ts';

export interface NewRun {
  application_id: string;
  version_number: string;
  custom_metadata: { order_key: string };
  scheduling?: { due_date?: string; deadline?: string };
  items: {
    external_id: string;
    input_artifacts: { name: string; download_url: string; metadata: Record<string, unknown> }[];
  }[];
}

/** Stands for the order at the platform: people there see it, so that it tells nothing of ours. */
const pseudonym = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 24);

/** Another run of the same order has another. */
export function orderKey(key: string, { attempt }: Pick<State, 'attempt'>): string {
  return `${pseudonym(key)}-${attempt}`;
}

/** A slide's name in a run, unique there and among all orders. */
export function externalId(key: string, state: Pick<State, 'attempt' | 'slides'>, input: string): string {
  return `${orderKey(key, state)}-${state.slides.findIndex((slide) => slide.input === input) + 1}`;
}

const HOUR_MS = 3_600_000;

/** When results are wanted and when the platform gives up, counted from now. */
export function schedulingOf({ dueHours, deadlineHours }: Options, now: Date): NewRun['scheduling'] {
  const at = (hours: number) => new Date(now.getTime() + hours * HOUR_MS).toISOString();
  const set = {
    ...(dueHours !== undefined && { due_date: at(dueHours) }),
    ...(deadlineHours !== undefined && { deadline: at(deadlineHours) }),
  };
  return Object.keys(set).length > 0 ? set : undefined;
}

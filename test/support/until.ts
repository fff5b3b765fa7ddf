import { setTimeout as pause } from 'node:timers/promises';

/** Polls until `condition` gives something truthy; fails loudly after `seconds`. */
export async function until<T>(what: string, condition: () => Promise<T> | T, seconds = 15): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`Waited ${seconds} s in vain for: ${what}`);
    }
    await pause(5);
  }
}

import type { Context } from './contract.ts';

/** How long a doubt is remembered, in seconds: whoever comes back later begins to count anew. */
const REMEMBERED = 86_400;

/**
 * Whether what a vendor should show by now was not taken. Not all servers of a vendor know a new thing at once, so only what
 * nobody has found for `seconds` counts; until then: false, look again. `what`: which call is in doubt.
 */
export async function wasNotTaken(
  { memory, now }: Pick<Context, 'memory' | 'now'>,
  what: string,
  seconds: number,
): Promise<boolean> {
  const doubt = `doubt ${what}`;
  const first = await memory.get(doubt, async () => ({ value: now().toISOString(), seconds: REMEMBERED }));
  if (now().getTime() - Date.parse(first) < seconds * 1000) {
    return false;
  }
  await memory.forget(doubt);
  return true;
}

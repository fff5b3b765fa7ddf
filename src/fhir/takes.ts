/** Which resource types a server takes from us, as far as it says. Pure. */
import type { Capabilities } from './types.ts';

/**
 * Whether the server offers to create this type. A server that lists no types is believed to take all; one that lists a
 * type without interactions as well. What it really does shows when it is written to.
 */
export function takes(capabilities: Capabilities, type: string): boolean {
  if (Object.keys(capabilities.types).length === 0) {
    return true;
  }
  const offered = capabilities.types[type];
  if (offered === undefined) {
    return false;
  }
  const { interactions, updateCreate } = offered;
  return (
    interactions.length === 0 || interactions.includes('create') || (updateCreate && interactions.includes('update'))
  );
}

/** How a reader is told that a server does not. */
export function doesNotTake(type: string): string {
  return `this system does not take ${type} resources`;
}

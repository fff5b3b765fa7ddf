import type { Deadline } from '../contract.ts';
import type { State } from './state.ts';

/** The approval that is waited for, then the end of the time in which slides can be downloaded. */
export function deadline({ phase, offer, purchase, copied }: State): Deadline | undefined {
  if (phase === 'offer' && offer) {
    return { at: offer.expires, what: 'the approval of the purchase' };
  }
  return purchase && !copied ? { at: purchase.until, what: 'the download of the slides from HistAI' } : undefined;
}

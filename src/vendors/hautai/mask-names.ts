/** How a mask is called, in the order's files and for people. */
import { knownParameter } from './parameters.ts';
import type { Mask } from './state.ts';

/** `mask/front/redness`, of which `.svg` and `.png` are made; where every variant is copied, its name too. */
export function maskFile({ side, parameter, variant }: Mask, every: boolean): string {
  return every ? `mask/${side}/${parameter}/${variant}` : `mask/${side}/${parameter}`;
}

/** `Mask of redness, front`. */
export function maskTitle({ side, parameter }: Pick<Mask, 'side' | 'parameter'>): string {
  return `Mask of ${(knownParameter(parameter)?.text ?? parameter).toLowerCase()}, ${side}`;
}

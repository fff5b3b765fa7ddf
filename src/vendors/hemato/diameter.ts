/** Pixels across one normal red cell: no element of FHIR carries it, and a wrong one spoils a result unseen. Pure. */
import type { Extension } from '@medplum/fhirtypes';
import type { OrderInput } from '../contract.ts';
import { DIAMETER, DIAMETER_EXTENSION } from './facts.ts';

const PIXELS = new Set(['px', 'pixel', 'pixels', '{pixel}', '{pixels}', '{px}']);

/** undefined: it says nothing; `unreadable`: it says something that is no number of pixels, or not a plausible one. */
export type Diameter = number | 'unreadable' | undefined;

function pixelsOf(extension: Extension): number | undefined {
  const { valueDecimal, valueInteger, valuePositiveInt, valueUnsignedInt, valueQuantity } = extension;
  const plain = valueDecimal ?? valueInteger ?? valuePositiveInt ?? valueUnsignedInt;
  if (plain !== undefined || valueQuantity === undefined) {
    return plain;
  }
  const unit = valueQuantity.code ?? valueQuantity.unit;
  return unit !== undefined && PIXELS.has(unit.trim().toLowerCase()) ? valueQuantity.value : undefined;
}

export const isPlausible = (diameter: unknown): diameter is number =>
  typeof diameter === 'number' && diameter >= DIAMETER.minimum && diameter <= DIAMETER.maximum;

/** What a picture says of itself, else what its Device says: the first extension that there is. */
export function diameterOf({ picture }: OrderInput): Diameter {
  const extension = picture?.extension.find(({ url }) => url === DIAMETER_EXTENSION);
  if (extension === undefined) {
    return undefined;
  }
  const value = pixelsOf(extension);
  return isPlausible(value) ? value : 'unreadable';
}

/** `feature_statistics`: densities and the like, one Observation each. Pure. */
import type { VendorOrder } from '../contract.ts';
import { absent, type DraftObservation, localCode, observation, type Unnamed } from './observation.ts';
import { slug } from './part-names.ts';
import type { Report } from './report-shape.ts';
import { isPlaceholder, quantityOf } from './units.ts';

interface Told {
  value?: string | undefined;
  unit?: string | undefined;
}

/** A quantity only of a number in UCUM; a placeholder is an error of the vendor's; anything else stays its own words. */
export function featureValue({
  value,
  unit,
}: Told): Pick<DraftObservation, 'valueQuantity' | 'valueString' | 'dataAbsentReason'> {
  const quantity = quantityOf(value, unit);
  if (quantity) {
    return { valueQuantity: quantity };
  }
  // A letter in place of a unit makes its number worthless too.
  if (value === undefined || isPlaceholder(value) || (unit !== undefined && /^[xy]$/i.test(unit.trim()))) {
    return { dataAbsentReason: absent('error') };
  }
  return { valueString: [value.trim(), unit?.trim() ?? ''].filter((part) => part !== '').join(' ') };
}

function remarksOf(name: string, told: Told): string[] {
  const value = featureValue(told);
  if (value.dataAbsentReason) {
    return [`Hemato.AI gave no usable value of “${name}”.`];
  }
  return value.valueString === undefined ? [] : ['Written as the vendor gives it: its number or unit is not exact.'];
}

export function features(task: string, { content }: Report, order: Pick<VendorOrder, 'focus'>): Unnamed[] {
  return (content.feature_statistics ?? []).map(({ name, value }) => {
    const remarks = remarksOf(name, value);
    return {
      named: { prefix: 'obs/', name, from: task },
      resource: observation(order, localCode('feature', slug(name), name), featureValue(value)),
      label: name,
      evidence: [],
      ...(remarks.length > 0 && { remarks }),
    };
  });
}

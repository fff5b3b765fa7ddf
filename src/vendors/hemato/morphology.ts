/** Morphological findings: how many of each were seen, over all pictures of the study. Pure. */
import type { VendorOrder } from '../contract.ts';
import { absent, type DraftObservation, localCode, observation, type Unnamed } from './observation.ts';
import { slug } from './part-names.ts';
import type { Report } from './report-shape.ts';
import { countOf, isPlaceholder } from './units.ts';

export interface Seen {
  name: string;
  /** As the vendor writes it; for several pictures the sum. */
  count: string | undefined;
  /** Places that the vendor marks. */
  marks: number;
  /** Counts by picture, where the report tells them apart and there are several. */
  perFile: number[];
}

/** Parasites of malaria by their usual names: seen at all, a person has to look at once. */
const MALARIA = /plasmod|malaria|trophozoite|schizont|gametocyte|merozoite/i;

export const isMalaria = ({ name, count }: Pick<Seen, 'name' | 'count'>): boolean =>
  MALARIA.test(name) && (countOf(count) ?? 1) > 0;

function bySmear({ content }: Report): Seen[] {
  return (content.morphological_findings ?? []).map(({ name, value }) => ({
    name,
    count: value.count,
    marks: value.heat_map?.length ?? 0,
    perFile: [],
  }));
}

/** Reports by file are of one study: their counts add up. */
function byFile({ content }: Report): Seen[] {
  const seen = new Map<string, { name: string; counts: (string | undefined)[] }>();
  for (const { value } of content.raw_reports ?? []) {
    for (const stat of value.finding_stats ?? []) {
      const name = stat.value.meta?.label ?? stat.value.idea_id ?? stat.name;
      const known = seen.get(name) ?? { name, counts: [] };
      seen.set(name, { name, counts: [...known.counts, stat.value.count] });
    }
  }
  return [...seen.values()].map(({ name, counts }) => {
    const numbers = counts.map(countOf);
    const whole = numbers.every((number) => number !== undefined);
    const sum = numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
    const perFile = whole && numbers.length > 1 ? numbers.map((number) => number ?? 0) : [];
    return { name, count: whole ? String(sum) : counts.find((one) => countOf(one) === undefined), marks: 0, perFile };
  });
}

export const seenIn = (report: Report): Seen[] => [...bySmear(report), ...byFile(report)];

function countValue({ count }: Seen): Pick<DraftObservation, 'valueInteger' | 'valueString' | 'dataAbsentReason'> {
  const number = countOf(count);
  if (number !== undefined) {
    return { valueInteger: number };
  }
  return count === undefined || isPlaceholder(count)
    ? { dataAbsentReason: absent('error') }
    : { valueString: count.trim() };
}

function remarksOf(seen: Seen): string[] {
  const number = countOf(seen.count);
  const zero = number === 0 ? ['None were found in the pictures that were analysed; that excludes nothing.'] : [];
  const urgent = isMalaria(seen) ? ['Needs a person to look at it at once: possible malaria parasites.'] : [];
  const differs =
    number !== undefined && seen.marks > 0 && seen.marks !== number
      ? [`The vendor counts ${number} and marks ${seen.marks} places.`]
      : [];
  const perFile = seen.perFile.length > 0 ? [`By picture: ${seen.perFile.join(', ')}.`] : [];
  return [...urgent, ...zero, ...differs, ...perFile];
}

/** A count is not the ordinal presence of LOINC's "… [Presence] in Blood by Light microscopy": our own code alone. */
export function morphology(task: string, report: Report, order: Pick<VendorOrder, 'focus'>): Unnamed[] {
  return seenIn(report).map((seen) => {
    const remarks = remarksOf(seen);
    return {
      named: { prefix: 'finding/', name: seen.name, from: task },
      resource: observation(order, localCode('finding', slug(seen.name), seen.name), countValue(seen)),
      label: seen.name,
      evidence: [],
      ...(remarks.length > 0 && { remarks }),
    };
  });
}

/** Which picture each marked place belongs to. The vendor often does not say; then it is not guessed. Pure. */
import type { OrderInput } from '../contract.ts';
import type { Report } from './report-shape.ts';

export interface Mark {
  x: number;
  y: number;
  radius: number;
  /** What was found there, where the vendor says. */
  label?: string;
}

export interface Marks {
  /** By the name of the input. */
  on: Map<string, Mark[]>;
  /** Marks of which it is not known on which picture they are. */
  nowhere: number;
}

/** Which of the vendor's files each picture became. */
export type Files = readonly { input: string; fileIds: readonly string[] }[];

interface Placed extends Mark {
  file: string | undefined;
}

function marksOf({ content }: Report): Placed[] {
  const smear = (content.morphological_findings ?? []).flatMap(({ name, value }) =>
    (value.heat_map ?? []).map(({ center: [x, y], radius }) => ({ x, y, radius, label: name, file: undefined })),
  );
  const byFile = (content.raw_reports ?? []).flatMap(({ name, value }) => {
    const kinds = (value.finding_stats ?? []).map((stat) => stat.value.meta?.label ?? stat.name);
    // Places do not say what they show: with one kind of finding it is plain.
    const label = kinds.length === 1 ? kinds[0] : undefined;
    return (value.findings ?? []).map(({ finding: { center, radius } }) => {
      const [x, y] = center;
      return { x, y, radius, ...(label === undefined ? {} : { label }), file: name };
    });
  });
  return [...smear, ...byFile];
}

/** A zip is many pictures under one name: a place in it is a place on none of them. */
const isOne = (input: OrderInput): boolean =>
  input.contentType !== 'application/zip' && (input.picture?.pictures ?? 1) === 1;

/**
 * A place belongs to the picture whose file it names, or to the only picture of the study. The `file_id` of a whole report
 * is no such name: older hosts say only the first of several there.
 */
export function marksOn(reports: readonly Report[], files: Files, inputs: readonly OrderInput[]): Marks {
  const single = new Set(inputs.filter(isOne).map(({ name }) => name));
  const [first, ...others] = files;
  const only = first && others.length === 0 && single.has(first.input) ? first.input : undefined;
  const on = new Map<string, Mark[]>();
  let nowhere = 0;
  for (const { file, ...mark } of reports.flatMap(marksOf)) {
    const owner = file === undefined ? undefined : files.find(({ fileIds }) => fileIds.includes(file))?.input;
    const input = only ?? (owner !== undefined && single.has(owner) ? owner : undefined);
    if (input === undefined) {
      nowhere++;
    } else {
      on.set(input, [...(on.get(input) ?? []), mark]);
    }
  }
  return { on, nowhere };
}

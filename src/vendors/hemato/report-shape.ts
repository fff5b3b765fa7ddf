/**
 * The vendor's reports: one tolerant shape for all that its three generations document. A field of an unknown or wrong
 * form counts as absent; what is not understood at all is said so, because the report itself is kept whole. Pure.
 */
import { z } from 'zod';
import { maybe } from './answers.ts';

/** What no FHIR string may hold is left out of the vendor's texts and names. */
function clean(words: string): string {
  return words.replace(/[^\P{C}\n\t]/gu, '').trim();
}
const nameOf = (key: string): string => clean(key).replace(/\s+/g, ' ').slice(0, 200) || 'unnamed';

/** Numbers come as strings, and not always as numbers: kept as they came, read later. */
const told = z.union([z.string(), z.number()]).transform((value) => clean(String(value)).slice(0, 1000));
const text = z.string().transform(clean);
const count = z.union([
  z.number().int(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
]);

/** What a map holds, readable entries only, in the vendor's order; `undefined`: no map at all. */
const entries = <T>(schema: z.ZodType<T>) =>
  maybe(
    z.record(z.string(), z.unknown()).transform((map) =>
      Object.entries(map).flatMap(([name, value]) => {
        const read = schema.safeParse(value);
        return read.success ? [{ name: nameOf(name), value: read.data }] : [];
      }),
    ),
  );

const list = <T>(schema: z.ZodType<T>) =>
  maybe(
    z.array(z.unknown()).transform((items) =>
      items.flatMap((item) => {
        const read = schema.safeParse(item);
        return read.success ? [read.data] : [];
      }),
    ),
  );

/** A place on a picture, in its pixels. */
const circle = z.object({ center: z.tuple([z.number(), z.number()]), radius: z.number() });

const feature = z.object({ value: maybe(told), unit: maybe(text) });
const morphology = z.object({ count: maybe(told), heat_map: list(circle) });
const differential = z.object({
  score: maybe(told),
  confidence: maybe(told),
  'clinical-significance': maybe(text),
  'icd10-code': maybe(text),
  'english-long': maybe(text),
  'english-short': maybe(text),
});
const fileReport = z.object({
  finding_stats: entries(
    z.object({
      idea_id: maybe(text),
      count: maybe(told),
      meta: maybe(z.object({ label: maybe(text) })),
    }),
  ),
  findings: list(z.object({ finding: circle })),
});

const content = z.object({
  feature_statistics: entries(feature),
  morphological_findings: entries(morphology),
  diagnostic_report: maybe(z.object({ differential_diagnosis: list(differential) })),
  pathology_report: maybe(text),
  positive_count: maybe(count),
  negative_count: maybe(count),
  raw_reports: entries(fileReport),
  conclusion: maybe(text),
  summary_reports: maybe(
    z.object({
      fields_of_view_processed: maybe(count),
      model_findings: list(z.record(z.string(), z.unknown())),
    }),
  ),
});
type Content = z.infer<typeof content>;

/** Everything that a report of one task may say. */
export interface Report {
  content: Content;
  /** It says something, but nothing of a known form. */
  unreadable: boolean;
}

const mapping = z.record(z.string(), z.unknown());
const CONTENT_KEYS: ReadonlySet<string> = new Set(Object.keys(content.shape));
/** What stands beside a report's content and says nothing of the blood. */
const FRAME_KEYS: ReadonlySet<string> = new Set(['pbs_study_id', 'pbs_id', 'file_id', 'file_ids', 'report', 'tags']);
const SMEAR_KEYS = ['feature_statistics', 'morphological_findings', 'diagnostic_report', 'pathology_report'];
const COUNT_KEYS = ['positive_count', 'negative_count', 'raw_reports', 'summary_reports'];

/** What content that names no task may belong to: of two tasks' reports in one answer each gets its own. */
function suits(map: Record<string, unknown>, task: string): boolean {
  const keys = Object.keys(map).filter((key) => CONTENT_KEYS.has(key));
  const strange = /^pbs_/i.test(task) ? COUNT_KEYS : /malaria/i.test(task) ? SMEAR_KEYS : [];
  return keys.length > 0 && !keys.some((key) => strange.includes(key));
}

/** Where in `results` the content of a task stands: under `report` by its name, under `report`, or in `results` itself. */
function bodyOf(results: Record<string, unknown>, task: string): Record<string, unknown> | undefined {
  const report = mapping.safeParse(results.report).data;
  const own = report && Object.hasOwn(report, task) ? mapping.safeParse(report[task]).data : undefined;
  if (own !== undefined) {
    return own;
  }
  const unnamed = [report, results].find((map) => map !== undefined && suits(map, task));
  if (unnamed !== undefined) {
    return unnamed;
  }
  const unknown = Object.entries(results).filter(([key]) => !FRAME_KEYS.has(key) && !CONTENT_KEYS.has(key));
  return unknown.length > 0 ? Object.fromEntries(unknown) : undefined;
}

const isBlank = (value: string | undefined): boolean => value === undefined || value.trim() === '';

/** Whether a report says anything: one that does not is not ready yet, and never a negative one. */
function saysSomething(read: Content): boolean {
  const lists = [
    read.feature_statistics,
    read.morphological_findings,
    read.diagnostic_report?.differential_diagnosis,
    read.raw_reports,
    read.summary_reports?.model_findings,
  ];
  const numbers = [read.positive_count, read.negative_count, read.summary_reports?.fields_of_view_processed];
  return (
    lists.some((items) => items !== undefined && items.length > 0) ||
    numbers.some((number) => number !== undefined) ||
    !isBlank(read.conclusion) ||
    !isBlank(read.pathology_report)
  );
}

const isHollow = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && Object.values(value).every(isHollow));

/**
 * The report of one task in an answer's `results`. undefined: there is none yet (empty). `not-a-report`: the answer is no
 * object, which no generation documents.
 */
export function reportOf(results: unknown, task: string): Report | undefined | 'not-a-report' {
  const frame = mapping.safeParse(results).data;
  if (frame === undefined) {
    return isHollow(results) ? undefined : 'not-a-report';
  }
  const body = bodyOf(frame, task);
  if (body === undefined || isHollow(body)) {
    return undefined;
  }
  const read = content.parse(body);
  const something = saysSomething(read);
  // Known fields that are all empty: the vendor is not done. Fields that nobody knows: it is, and we cannot read it.
  const unreadable = !something && !Object.keys(body).every((key) => CONTENT_KEYS.has(key));
  return something || unreadable ? { content: read, unreadable } : undefined;
}

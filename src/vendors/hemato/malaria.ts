/** Counts and model numbers of a malaria task: components without any interpretation. Pure. */
import type { ObservationComponent } from '@medplum/fhirtypes';
import type { VendorOrder } from '../contract.ts';
import { LIMITS } from './facts.ts';
import { component, localCode, observation, type Unnamed } from './observation.ts';
import { slug } from './part-names.ts';
import type { Report } from './report-shape.ts';
import { pure } from './units.ts';

const UNIT =
  'What is counted (cells, fields or runs of a model) the vendor does not say: it is no parasitaemia, and no number here excludes malaria.';
const URGENT = 'Needs a person to look at it at once: the software counts objects as malaria-positive.';
const MODELS = 'Raw numbers of the vendor’s models, for research; no limit between normal and abnormal is known.';

const whole = (code: string, text: string, value: number | undefined): ObservationComponent[] =>
  value === undefined ? [] : [component(code, text, { valueInteger: value })];

function counts(task: string, { content }: Report, order: Pick<VendorOrder, 'focus'>): Unnamed[] {
  const { positive_count, negative_count } = content;
  const fields = content.summary_reports?.fields_of_view_processed;
  const components = [
    ...whole('positive-count', 'positive_count', positive_count),
    ...whole('negative-count', 'negative_count', negative_count),
    ...whole('fields-of-view', 'fields of view processed', fields),
  ];
  if (components.length === 0) {
    return [];
  }
  const counted = positive_count !== undefined || negative_count !== undefined;
  const label = counted ? `Counts of ${task}` : `Fields of view of ${task}`;
  const remarks = [...((positive_count ?? 0) > 0 ? [URGENT] : []), ...(counted ? [UNIT] : [])];
  return [
    {
      named: { prefix: 'counts/', name: task, from: task },
      resource: observation(order, localCode('observation', 'counts', label), { component: components }),
      label,
      evidence: [],
      ...(remarks.length > 0 && { remarks }),
    },
  ];
}

interface ModelNumber {
  model: string;
  /** Which field of view, and which number of the model's, both from 1. */
  field: number;
  place: number;
  value: number;
}

function numbersOf({ content }: Report): ModelNumber[] {
  const fields = content.summary_reports?.model_findings ?? [];
  return fields.flatMap((models, field) =>
    Object.entries(models).flatMap(([model, vector]) =>
      (Array.isArray(vector) ? vector : [vector]).flatMap((value: unknown, place) =>
        typeof value === 'number' && Number.isFinite(value)
          ? [{ model, field: field + 1, place: place + 1, value }]
          : [],
      ),
    ),
  );
}

function models(task: string, report: Report, order: Pick<VendorOrder, 'focus'>): Unnamed[] {
  const numbers = numbersOf(report);
  if (numbers.length === 0) {
    return [];
  }
  const shown = numbers.slice(0, LIMITS.modelNumbers);
  const left = numbers.length - shown.length;
  const more = left === 0 ? [] : [`${left} more numbers stand in the vendor’s own report.`];
  const components = shown.map(({ model, field, place, value }) =>
    component(slug(model), `${model}, entry ${field}, number ${place}`, { valueQuantity: pure(value) }),
  );
  const label = `Model numbers of ${task}`;
  return [
    {
      named: { prefix: 'models/', name: task, from: task },
      resource: observation(order, localCode('observation', 'model-numbers', label), { component: components }),
      label,
      evidence: [],
      remarks: [MODELS, ...more],
    },
  ];
}

export const countsMalaria = ({ content }: Report): boolean => (content.positive_count ?? 0) > 0;

export const malaria = (task: string, report: Report, order: Pick<VendorOrder, 'focus'>): Unnamed[] => [
  ...counts(task, report, order),
  ...models(task, report, order),
];

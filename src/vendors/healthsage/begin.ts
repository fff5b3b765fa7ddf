/** Reads out of an order what HealthSage has to be told besides the text. Pure. */
import type { CodeableConcept, Resource } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { OrderInput, Refusal, VendorOrder } from '../contract.ts';
import { GENERAL_SPECIALTY } from './facts.ts';
import type { Options } from './settings.ts';
import { SPECIALTIES } from './specialties.ts';
import type { Note, State } from './state.ts';

const FULL_DATE = /^\d{4}-\d{2}-\d{2}/;

function nameOf(concept: CodeableConcept | undefined): string | undefined {
  const known = concept?.coding?.find(({ system, code }) => system === SYSTEMS.snomed && code && SPECIALTIES[code]);
  const display = concept?.coding?.find((coding) => coding.display)?.display;
  return (known?.code && SPECIALTIES[known.code]) || concept?.text?.trim() || display?.trim() || undefined;
}

/** The route's specialty, else the document's practice setting in English, else General Medicine. */
export function specialtyOf(focus: Resource, options: Options): string {
  const setting = focus.resourceType === 'DocumentReference' ? nameOf(focus.context?.practiceSetting) : undefined;
  return options.specialty ?? setting?.slice(0, 100) ?? GENERAL_SPECIALTY;
}

/** Dates that the ordering resource itself states, the best first. */
function orderDates(focus: Resource): (string | undefined)[] {
  if (focus.resourceType === 'DocumentReference') {
    return [focus.date, focus.context?.period?.start];
  }
  return focus.resourceType === 'ServiceRequest' ? [focus.occurrenceDateTime, focus.authoredOn] : [];
}

/**
 * The note's own date, else the order's, else the day the record last changed. Never today: a backlog that runs late
 * would shift every "three years ago" of the text.
 */
export function letterDate(
  input: OrderInput,
  focus: Resource,
): Pick<Note, 'letterDate' | 'dateFrom' | 'stated'> | undefined {
  const full = (date: string | undefined) =>
    date && FULL_DATE.test(date) && !Number.isNaN(Date.parse(date.slice(0, 10))) ? date : undefined;
  const own = full(input.date);
  if (own) {
    return { letterDate: own.slice(0, 10), dateFrom: 'note', stated: own };
  }
  const ordered = orderDates(focus).find(full);
  if (ordered) {
    return { letterDate: ordered.slice(0, 10), dateFrom: 'order', stated: ordered };
  }
  const changed = full(focus.meta?.lastUpdated);
  return changed ? { letterDate: changed.slice(0, 10), dateFrom: 'last-change' } : undefined;
}

const refuse = (text: string): Refusal => ({ refuse: { code: 'order-incomplete', text } });

/** Whether the order can be done, and its first state. */
export function begin(order: VendorOrder<Options>): State | Refusal {
  const inputs = order.inputs.filter(({ kind }) => kind === 'note');
  if (inputs.length === 0) {
    return refuse('The order has no note whose text could be coded.');
  }
  if (!order.patient) {
    return refuse('The order does not say which patient the note is about.');
  }
  if (inputs.some(({ size, characters }) => size === 0 || characters === 0)) {
    return refuse('The note has no text.');
  }
  const notes: Note[] = [];
  for (const input of inputs) {
    const date = letterDate(input, order.focus);
    if (!date) {
      return refuse('The note has no date, and without one the times in its text cannot be understood.');
    }
    notes.push({ input: input.name, sha256: input.sha256, ...date });
  }
  return { phase: 'plan', notes, specialty: specialtyOf(order.focus, order.options), cursor: 0, wait: 0 };
}

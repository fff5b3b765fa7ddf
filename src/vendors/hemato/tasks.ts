/** Which diagnostic tasks an order asks for. Pure. */
import type { CodeableConcept, Resource } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import { CODE_SYSTEMS, KNOWN_TASKS, PROFILES, type ProfileName } from './facts.ts';

const TASK = /^[A-Za-z0-9_.-]{1,60}$/;
const KNOWN: readonly string[] = Object.values(KNOWN_TASKS);

/** Orders whose code says malaria: the smear itself, Plasmodium present, Plasmodium identified. */
const MALARIA_ORDERS: ReadonlySet<string> = new Set(['32700-7', '51587-4', '32206-5']);

const details = (focus: Resource): CodeableConcept[] =>
  focus.resourceType === 'ServiceRequest' ? (focus.orderDetail ?? []) : [];

/** Codes of our task system, whatever they are; otherwise only the names that the vendor's documents know. */
function named({ coding = [], text }: CodeableConcept): string[] {
  const codes = coding.flatMap(({ system, code }) =>
    code !== undefined && (system === CODE_SYSTEMS.task || KNOWN.includes(code)) ? [code] : [],
  );
  return [...codes, ...(text !== undefined && KNOWN.includes(text.trim()) ? [text.trim()] : [])];
}

/** The tasks that the order itself names (`orderDetail`), each once. */
export function orderedTasks(focus: Resource): string[] {
  return [...new Set(details(focus).flatMap(named))].filter((task) => TASK.test(task));
}

/** An order for a malaria smear is not answered with a general one, where the vendor knows both. */
function byCode(focus: Resource, profile: ProfileName): string[] {
  const codes = focus.resourceType === 'ServiceRequest' ? (focus.code?.coding ?? []) : [];
  const malaria = codes.some(({ system, code }) => system === SYSTEMS.loinc && MALARIA_ORDERS.has(code ?? ''));
  return malaria && profile !== 'legacy' ? [KNOWN_TASKS.malaria] : [];
}

/** What the order names, else the route, else what its code means, else what the generation's hosts offer. */
export function tasksOf(focus: Resource, route: readonly string[] | undefined, profile: ProfileName): string[] {
  const choices = [orderedTasks(focus), route ?? [], byCode(focus, profile), PROFILES[profile].tasks];
  return [...(choices.find((tasks) => tasks.length > 0) ?? [])];
}

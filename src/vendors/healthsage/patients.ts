/** Whom a vendor's Bundle is about. The only name we gave the vendor is the pseudonym. Pure. */
import { PLACEHOLDER_PATIENT } from './facts.ts';

type Json = Record<string, unknown>;

const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The references that an entry makes as its subject or patient. */
function subjectsOf(resource: Json): string[] {
  return [resource.subject, resource.patient].flatMap((subject) =>
    isJson(subject) && typeof subject.reference === 'string' ? [subject.reference] : [],
  );
}

/**
 * Why a Bundle must not be used at all: it names a patient who is not ours. A single Patient entry without identifiers is
 * the person of the note, read out of the text; it is dropped, but references to it are ours.
 */
export function strangerIn(
  entries: readonly { fullUrl?: string | undefined; resource: Json }[],
  pseudonym: string,
): string | undefined {
  const patients = entries.filter(({ resource }) => resource.resourceType === 'Patient');
  if (patients.length > 1) {
    return 'it is about more than one patient';
  }
  const ours = new Set([pseudonym, `Patient/${pseudonym}`, PLACEHOLDER_PATIENT, `Patient/${PLACEHOLDER_PATIENT}`]);
  for (const { fullUrl, resource } of patients) {
    const values = Array.isArray(resource.identifier) ? resource.identifier : [];
    if (values.some((identifier) => !isJson(identifier) || identifier.value !== pseudonym)) {
      return 'it holds an identified patient';
    }
    for (const own of [fullUrl, resource.id, `Patient/${String(resource.id)}`]) {
      if (typeof own === 'string') {
        ours.add(own);
      }
    }
  }
  const strange = entries
    .flatMap(({ resource }) => subjectsOf(resource))
    .some((reference) => !ours.has(reference) && !reference.endsWith(`/Patient/${pseudonym}`));
  return strange ? 'it refers to another patient' : undefined;
}

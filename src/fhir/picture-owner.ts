/** Whose a picture is. A picture of another patient would be analysed, billed and reported in the wrong chart. */
import type { ImagingStudy, Patient, Reference, Resource, Specimen } from '@medplum/fhirtypes';
import type { Find } from './order-reading.ts';
import type { PictureHolder } from './picture-holders.ts';
import { localReference } from './references.ts';

/** `unknown`: it names somebody, and nobody here can tell who that is. */
export type Whose = 'ours' | 'another' | 'unknown';

/** The order's patient, and how references of this EHR are followed. */
export interface Whom {
  baseUrl: string;
  /** `Patient/1`. */
  subject: string;
  patient: Patient | undefined;
  /** The order's own. */
  specimens: readonly Specimen[];
  find: Find;
}

/** Subjects that are nobody: a picture of a place or of a device. */
const THINGS: readonly string[] = ['Device', 'Location', 'Substance'];

function isSameIdentifier({ identifier }: Reference, { patient }: Whom): boolean {
  return (
    identifier?.value !== undefined &&
    (patient?.identifier ?? []).some(({ system, value }) => system === identifier.system && value === identifier.value)
  );
}

function whoseReference(subject: Reference, whom: Whom): Whose {
  const local = localReference(whom.baseUrl, subject);
  if (!local) {
    return isSameIdentifier(subject, whom) ? 'ours' : 'unknown';
  }
  return local.reference === whom.subject ? 'ours' : THINGS.includes(local.type) ? 'ours' : 'another';
}

/** A specimen that names nobody is the patient's where the order names it. */
function whoseSpecimen(specimen: Resource | undefined, whom: Whom): Whose {
  if (specimen?.resourceType !== 'Specimen') {
    return 'unknown';
  }
  const isOrders = whom.specimens.some(({ id }) => id === specimen.id);
  return specimen.subject ? whoseReference(specimen.subject, whom) : isOrders ? 'ours' : 'unknown';
}

/**
 * Whose picture it is. One that names nobody is the patient's: it was found because the order (or its specimen) names it,
 * or because it names the order.
 */
export async function whosePicture(holder: PictureHolder | ImagingStudy, whom: Whom): Promise<Whose> {
  const subject = holder.resourceType === 'Binary' ? undefined : holder.subject;
  if (subject?.reference === undefined && subject?.identifier === undefined) {
    return 'ours';
  }
  const local = localReference(whom.baseUrl, subject);
  if (local?.type === 'Specimen' || subject?.reference?.startsWith('#')) {
    return whoseSpecimen(await whom.find(subject), whom);
  }
  return whoseReference(subject, whom);
}

/** The worst of the order's own specimens. */
export function whoseSpecimens(whom: Whom): Whose {
  const all = whom.specimens.map((specimen) => whoseSpecimen(specimen, whom));
  return all.find((each) => each === 'another') ?? 'ours';
}

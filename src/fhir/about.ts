/** Whom findings are about, and what of the order may be named with them. Pure. */
import type { Encounter, Reference, Resource, ServiceRequest, Specimen } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { Finding } from '../findings.ts';
import { basedOn, specimensOf } from './order-references.ts';
import { doesNotTake } from './takes.ts';
import type { Publication } from './types.ts';

const FILES: readonly string[] = ['DocumentReference', 'Media'];

/** How other findings are referred to, by part: `Type/id`, or the fullUrl within a transaction; undefined: not written. */
export type ReferenceOf = (part: string) => string | undefined;

/** What a resource takes over from the order that it was made for. */
export interface Order extends Pick<Publication, 'key' | 'findings' | 'inputs' | 'policy' | 'now'> {
  subject: { reference: string } | undefined;
  encounter: Reference<Encounter> | undefined;
  basedOn: Reference<ServiceRequest>[];
  specimens: Reference<Specimen>[];
  /** The order itself, whatever its type. */
  related: Reference<Resource>[];
  referenceOf: ReferenceOf;
}

/** The part of the Patient that a finding is about, or is itself: one of other people's data. Undefined: of no such Patient. */
export function personOf({ part, about, resource }: Finding): string | undefined {
  return resource.resourceType === 'Patient' ? part : about;
}

/**
 * The publication as it may be written: of one whose findings are about others, whatever would lead to the order's patient
 * is taken out here, once, so that nothing can fall back to it. Throws where it is not said whom findings are about.
 */
export function forItsSubject(publication: Publication): Publication {
  const { findings, focus } = publication;
  if (findings.about !== undefined) {
    const order: Resource = focus.resourceType === 'ServiceRequest' ? { ...focus, specimen: undefined } : focus;
    return { ...publication, focus: order, subject: undefined, encounter: undefined, inputs: [] };
  }
  if (publication.subject === undefined || findings.items.some((finding) => personOf(finding) !== undefined)) {
    const message = 'It is not known whom the findings are about';
    throw new AdapterError('unexpected', message, { kind: 'permanent', remedy: 'hold' });
  }
  return publication;
}

function to<T extends Resource>(reference: string | undefined): (Reference<T> & { reference: string }) | undefined {
  return reference === undefined ? undefined : { reference };
}

/** What the report takes over of the order, and each finding that is about the same. */
export function orderForReport(publication: Publication, referenceOf: ReferenceOf): Order {
  const { key, findings, inputs, policy, now, focus, subject, encounter } = publication;
  const { resourceType, id } = focus;
  return {
    ...{ key, findings, inputs, policy, now, referenceOf },
    subject: to(findings.about === undefined ? subject : referenceOf(findings.about)),
    encounter: to<Encounter>(encounter),
    basedOn: basedOn(focus),
    specimens: specimensOf(focus),
    related: id === undefined ? [] : [{ reference: `${resourceType}/${id}` }],
  };
}

/** The same for one finding: one about a person of somebody else's data names nothing of the order. */
export function orderForFinding(finding: Finding, publication: Publication, referenceOf: ReferenceOf): Order {
  const order = orderForReport(publication, referenceOf);
  const person = personOf(finding);
  return person === undefined
    ? order
    : { ...order, subject: to(referenceOf(person)), encounter: undefined, basedOn: [], specimens: [], related: [] };
}

/**
 * Why a finding would say something of nobody: nothing takes the place of the group or the person that it is about, where
 * that is not written. A file that is about the group may stand without. `written`: references by part.
 */
export function whyOfNobody(
  finding: Finding,
  { findings }: Pick<Publication, 'findings'>,
  refused: ReadonlySet<string>,
  written: ReadonlyMap<string, string>,
): string | undefined {
  const person = personOf(finding);
  const about = person ?? findings.about;
  if (about === undefined || about === finding.part || written.has(about)) {
    return undefined;
  }
  if (person === undefined && FILES.includes(finding.resource.resourceType)) {
    return undefined;
  }
  const [type, whom] = person === undefined ? ['Group', 'group'] : ['Patient', 'person'];
  return refused.has(type) ? doesNotTake(type) : `the ${whom} that it is about is left out`;
}

/** What others may refer to comes before them: people, their group, all else, and what tells of several of these. */
export function inOrder(findings: Finding[]): Finding[] {
  const order = ['Patient', 'Group', '', 'DiagnosticReport'];
  const rank = ({ resource: { resourceType } }: Finding): number =>
    order.indexOf(order.includes(resourceType) ? resourceType : '');
  return [...findings].sort((a, b) => rank(a) - rank(b));
}

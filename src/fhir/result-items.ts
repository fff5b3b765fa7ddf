/** Findings → resources, completed and validated; and the files that stand beside the report. Pure. */
import type { Attachment, DocumentReference, Media, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Finding } from '../findings.ts';
import { inOrder, orderForFinding, personOf, type ReferenceOf, whyOfNobody } from './about.ts';
import { completeFinding, type Devices, type ResultResource } from './complete-finding.ts';
import { contentHash } from './content-hash.ts';
import { type FilePlace, MOST_INLINE, TOO_LARGE_INLINE } from './file-place.ts';
import { fullUrlOf } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import { LABEL, type Replaced } from './report-content.ts';
import { doesNotTake } from './takes.ts';
import { cleanText, shorten } from './tidy.ts';
import type { Publication } from './types.ts';
import { describeProblems, type Validate } from './validate.ts';

/** One resource as it shall stand, and how others refer to it: `Type/id` where it stands already, else its fullUrl. */
export interface Built {
  part: string;
  label: string;
  reference: string;
  resource: ResultResource;
  finding?: Finding;
  /** References of the reports that this one replaces. */
  replaces?: string[];
}

/** What has to be known of the server before anything can be built. */
export interface Facts {
  devices: Devices;
  validate: Validate;
  /** Types that the server does not take. */
  refused: ReadonlySet<string>;
  /** Parts that the server would not take, and why. */
  rejected: ReadonlyMap<string, string>;
  /** Conditions that the patient has already: reference by part. */
  known: ReadonlyMap<string, string>;
  /** What stands of this publication: reference by part. */
  standing: ReadonlyMap<string, string>;
  /** Where the files stand, by name. */
  files: ReadonlyMap<string, FilePlace>;
  /** The reports that the new one replaces, the newest first. */
  replaces?: Replaced[];
}

export interface LeftOut {
  part: string;
  label: string;
  why: string;
  /** It is about a person of somebody else's data. */
  ofOthers?: true;
}

export interface Items {
  items: Built[];
  /** What stands beside the report for people, in the order that it names them. */
  attachments: Attachment[];
  leftOut: LeftOut[];
  issues: OperationOutcomeIssue[];
  /** What the Task says of files that stand nowhere. */
  notes: string[];
}

const NO_FILE = 'its file is missing';

/** Whether it stands for a file, rather than for something found. */
export function isFile(resource: ResultResource): resource is DocumentReference | Media {
  return resource.resourceType === 'Media' || resource.resourceType === 'DocumentReference';
}

/** Whether it is about one of the people of somebody else's data, of whom there may be hundreds. */
export function isOfOthers({ finding }: Pick<Built, 'finding'>): boolean {
  return finding !== undefined && personOf(finding) !== undefined;
}

/** Where the file of a finding stands; undefined where it has none to have. */
function placeOf({ resource, file }: Finding, { files }: Facts): FilePlace | undefined {
  const { resourceType } = resource;
  if (resourceType !== 'Media' && resourceType !== 'DocumentReference') {
    return undefined;
  }
  return (file === undefined ? undefined : files.get(file)) ?? { why: NO_FILE };
}

function whyNot(
  finding: Finding,
  resource: ResultResource,
  facts: Facts,
): { why: string; issues?: OperationOutcomeIssue[] } | undefined {
  const rejected = facts.rejected.get(finding.part);
  if (rejected !== undefined) {
    return { why: rejected };
  }
  if (facts.refused.has(resource.resourceType)) {
    return { why: doesNotTake(resource.resourceType) };
  }
  const isPeople = resource.resourceType === 'Group' || resource.resourceType === 'Patient';
  if (!isPeople && !isFile(resource) && resource.code === undefined) {
    // R4 would allow it; a diagnosis that names nothing is of no use to anybody.
    return { why: 'it has neither a code nor a name' };
  }
  const issues = facts.validate(resource);
  return issues.length === 0 ? undefined : { why: `it is ${describeProblems(issues)}`, issues };
}

function leaveOut(part: string, label: string, why: string): Pick<Items, 'leftOut' | 'notes'> {
  return { leftOut: [{ part, label, why }], notes: [`${label} is left out: ${why}`] };
}

/** The files that the report names, as far as they stand somewhere and it can hold those that stand within it. */
function besideReport(
  { findings, files }: Publication,
  facts: Facts,
): Pick<Items, 'attachments' | 'leftOut' | 'notes'> {
  const beside: Pick<Items, 'attachments' | 'leftOut' | 'notes'> = { attachments: [], leftOut: [], notes: [] };
  let held = 0;
  for (const name of new Set(findings.report.attachments)) {
    const place = facts.files.get(name) ?? { why: NO_FILE };
    held += 'attachment' in place ? (place.attachment.data?.length ?? 0) : 0;
    if ('attachment' in place && held <= MOST_INLINE) {
      beside.attachments.push(place.attachment);
      continue;
    }
    const title = shorten(cleanText(files.find((file) => file.name === name)?.title ?? '').trim(), LABEL) || 'A file';
    const left = leaveOut(`file/${name}`, title, 'why' in place ? place.why : TOO_LARGE_INLINE);
    beside.leftOut.push(...left.leftOut);
    beside.notes.push(...left.notes);
  }
  return beside;
}

/**
 * Completed, with a hash of what it says. Other findings are part of that by name: whether they stand already makes no
 * difference.
 */
function complete(
  finding: Finding,
  publication: Publication,
  { devices }: Facts,
  file: Attachment | undefined,
  references: ReadonlyMap<string, string>,
): ResultResource {
  const written = (referenceOf: ReferenceOf): ResultResource =>
    completeFinding(finding, orderForFinding(finding, publication, referenceOf), devices, file);
  const named = written((part) => (references.has(part) ? part : undefined));
  const meta = aiMeta(contentHash(named), publication.findings.security);
  return { ...written((part) => references.get(part)), meta };
}

/** Every finding as a resource of its own; what the patient has already, the server does not take or R4 forbids is not. */
export function buildItems(publication: Publication, facts: Facts): Items {
  const result: Items = { items: [], issues: [], ...besideReport(publication, facts) };
  const seen = new Set<string>();
  const references = new Map<string, string>();
  for (const finding of inOrder(publication.findings.items)) {
    const { part } = finding;
    const ofOthers = isOfOthers({ finding }) ? { ofOthers: true as const } : {};
    const label = shorten(cleanText(finding.label).trim(), LABEL) || part;
    if (facts.known.has(part)) {
      continue;
    }
    if (seen.has(part)) {
      result.leftOut.push({ part, label, why: 'it was found a second time under the same name', ...ofOthers });
      continue;
    }
    seen.add(part);
    const place = placeOf(finding, facts);
    if (place !== undefined && 'why' in place && !facts.refused.has(finding.resource.resourceType)) {
      const left = leaveOut(part, label, place.why);
      result.leftOut.push(...left.leftOut.map((one) => ({ ...one, ...ofOthers })));
      result.notes.push(...left.notes);
      continue;
    }
    const attachment = place !== undefined && 'attachment' in place ? place.attachment : undefined;
    const resource = complete(finding, publication, facts, attachment, references);
    const nobody = whyOfNobody(finding, publication, facts.refused, references);
    const refusal = nobody === undefined ? whyNot(finding, resource, facts) : { why: nobody };
    if (refusal !== undefined) {
      result.leftOut.push({ part, label, why: refusal.why, ...ofOthers });
      result.issues.push(...(refusal.issues ?? []));
      continue;
    }
    const reference = facts.standing.get(part) ?? fullUrlOf(publication.key, part);
    references.set(part, reference);
    result.items.push({ part, label, reference, resource, finding });
  }
  return result;
}

/** Findings → resources: what was found, completed and validated, and the DiagnosticReport that holds it. Pure. */
import { createHash } from 'node:crypto';
import type {
  Attachment,
  Condition,
  DiagnosticReport,
  Observation,
  OperationOutcomeIssue,
  Procedure,
} from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { Finding } from '../findings.ts';
import { basedOn, completeFinding, type Devices } from './complete-finding.ts';
import { contentHash } from './content-hash.ts';
import { sourceReferences } from './evidence.ts';
import { fullUrlOf, jobIdentifiers, resultIdentifier } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import { toHtml, toNarrative } from './narrative.ts';
import {
  BANNER,
  CONCLUSION,
  certaintyOf,
  codeText,
  conclusionOf,
  dateOf,
  LABEL,
  madeBy,
  quotesOf,
  type Replaced,
  type ReportContent,
  replacedText,
  titleOf,
} from './report-content.ts';
import { EXTENSIONS } from './terminology.ts';
import { cleanText, shorten, tidy } from './tidy.ts';
import type { Publication } from './types.ts';
import { describeProblems, type Validate } from './validate.ts';

export type ResultResource = Condition | DiagnosticReport | Observation | Procedure;

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
  /** The reports that the new one replaces, the newest first. */
  replaces?: Replaced[];
}

export interface LeftOut {
  part: string;
  label: string;
  why: string;
}

export interface Items {
  items: Built[];
  leftOut: LeftOut[];
  issues: OperationOutcomeIssue[];
}

/** The HTML form has to fit into an Attachment that servers take inline. */
const MOST_HTML = 700_000;

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
    return { why: `this system does not take ${resource.resourceType} resources` };
  }
  if (resource.code === undefined) {
    // R4 would allow it; a diagnosis that names nothing is of no use to anybody.
    return { why: 'it has neither a code nor a name' };
  }
  const issues = facts.validate(resource);
  return issues.length === 0 ? undefined : { why: `it is ${describeProblems(issues)}`, issues };
}

/** Every finding as a resource of its own; what the patient has already, the server does not take or R4 forbids is not. */
export function buildItems(publication: Publication, facts: Facts): Items {
  const result: Items = { items: [], leftOut: [], issues: [] };
  const seen = new Set<string>();
  for (const finding of publication.findings.items) {
    const { part } = finding;
    const label = shorten(cleanText(finding.label).trim(), LABEL) || part;
    if (facts.known.has(part)) {
      continue;
    }
    if (seen.has(part)) {
      result.leftOut.push({ part, label, why: 'it was found a second time under the same name' });
      continue;
    }
    seen.add(part);
    const bare = completeFinding(finding, publication, facts.devices);
    const resource = { ...bare, meta: aiMeta(contentHash(bare)) };
    const refusal = whyNot(finding, resource, facts);
    if (refusal !== undefined) {
      result.leftOut.push({ part, label, why: refusal.why });
      result.issues.push(...(refusal.issues ?? []));
      continue;
    }
    const reference = facts.standing.get(part) ?? fullUrlOf(publication.key, part);
    result.items.push({ part, label, reference, resource, finding });
  }
  return result;
}

function contentFor(publication: Publication, facts: Facts, built: Items, leftAlone: string[]): ReportContent {
  const { findings } = publication;
  const known = findings.items.filter(({ part }) => facts.known.has(part));
  return {
    title: titleOf(findings.report.code),
    banner: BANNER,
    madeBy: madeBy(findings.model),
    missing: findings.missing.map(cleanText).filter((part) => part.trim() !== ''),
    conclusion: shorten(cleanText(findings.report.conclusion ?? '').trim(), CONCLUSION) || undefined,
    coded: built.items.flatMap(({ label, resource, finding }) =>
      finding === undefined || resource.resourceType === 'DiagnosticReport'
        ? []
        : [
            {
              label,
              code: codeText(resource.code),
              certainty: certaintyOf(resource),
              date: dateOf(resource),
              quotes: quotesOf(finding.evidence),
              remarks: (finding.remarks ?? []).map(cleanText),
            },
          ],
    ),
    known: known.map(({ part, label, evidence }) => ({
      label: shorten(cleanText(label), LABEL),
      why: `already recorded as ${facts.known.get(part)}`,
      quotes: quotesOf(evidence),
    })),
    listed: findings.listed.map(({ label, code, why, evidence }) => ({
      label: [shorten(cleanText(label), LABEL), codeText(code)].filter((text) => text !== '').join(', '),
      why: cleanText(why),
      quotes: quotesOf(evidence),
    })),
    leftOut: built.leftOut.map(({ label, why }) => ({ label, why, quotes: [] })),
    leftAlone,
    replaces: (facts.replaces ?? []).map(replacedText),
  };
}

/** Fewer rows where the whole would be too large to stand inline; says how many are not shown. */
function fitting(content: ReportContent): { content: ReportContent; html: string } {
  const html = toHtml(content);
  const most = Math.max(content.coded.length, content.listed.length, content.known.length, content.leftOut.length);
  if (Buffer.byteLength(html) <= MOST_HTML || most <= 1) {
    return { content, html };
  }
  const half = Math.ceil(most / 2);
  const cut = <T>(rows: T[]): T[] => rows.slice(0, half);
  const note = 'This rendering is shortened: the structured results hold more rows than are shown here.';
  return fitting({
    ...content,
    banner: content.banner.includes(note) ? content.banner : `${content.banner} ${note}`,
    coded: cut(content.coded),
    listed: cut(content.listed),
    known: cut(content.known),
    leftOut: cut(content.leftOut),
    missing: cut(content.missing),
  });
}

function htmlForm(html: string, title: string): Attachment {
  const bytes = Buffer.from(html, 'utf8');
  return {
    contentType: 'text/html',
    language: 'en',
    data: bytes.toString('base64'),
    size: bytes.length,
    hash: createHash('sha1').update(bytes).digest('base64'),
    title,
  };
}

/**
 * The report. `preliminary` (or `partial`, where the site says so), also when it replaces an earlier version: a person
 * signs. R4 gives it no place for Conditions, Procedures or a note: those stand in its text, in Task.output and in
 * Provenance, and the note in a derivation-reference extension. Of several reports that it replaces the extension, which
 * R4 allows once, names the newest; the text and the Provenance name them all.
 */
export function buildReport(
  publication: Publication,
  facts: Facts,
  built: Items,
  part: string,
  leftAlone: string[],
): Built {
  const { findings, key } = publication;
  const replaces = (facts.replaces ?? []).map(({ reference }) => reference);
  const { content, html } = fitting(contentFor(publication, facts, built, leftAlone));
  const notes = sourceReferences(publication.inputs, ['DocumentReference']);
  const effective = findings.report.effective ?? publication.inputs.find(({ date }) => date !== undefined)?.date;
  const results = built.items.filter(({ resource }) => resource.resourceType === 'Observation');
  const bare: DiagnosticReport = {
    resourceType: 'DiagnosticReport',
    meta: aiMeta(),
    text: toNarrative(content),
    extension: [
      ...notes.map((valueReference) => ({
        url: EXTENSIONS.derivationReference,
        extension: [{ url: 'reference', valueReference }],
      })),
      ...replaces.slice(0, 1).map((reference) => ({ url: EXTENSIONS.replaces, valueReference: { reference } })),
    ],
    identifier: [resultIdentifier(key, part), ...jobIdentifiers(publication.vendor.name, findings.jobs)],
    basedOn: basedOn(publication.focus),
    status: publication.policy.reportStatus,
    category: findings.report.category,
    code: findings.report.code,
    subject: { reference: publication.subject },
    encounter: publication.encounter === undefined ? undefined : { reference: publication.encounter },
    effectiveDateTime: effective,
    issued: publication.now,
    performer: [facts.devices.organization],
    result: results.map(({ reference }) => ({ reference })),
    media: findings.report.media,
    conclusion: conclusionOf(findings),
    presentedForm: [htmlForm(html, content.title)],
  };
  const sound = firstValid(
    [
      tidy(bare),
      tidy({
        ...bare,
        effectiveDateTime: undefined,
        media: undefined,
        category: undefined,
        code: { text: content.title },
      }),
    ],
    facts.validate,
  );
  // The results by name: whether they stand already makes no difference to what the report says.
  const hash = contentHash({ ...sound, result: results.map(({ part: name }) => name) });
  const reference = facts.standing.get(part) ?? fullUrlOf(key, part);
  return { part, label: content.title, reference, resource: { ...sound, meta: aiMeta(hash) }, replaces };
}

/** The report as drafted; without what the vendor contributed to its head, where that is not legal FHIR. */
function firstValid(candidates: DiagnosticReport[], validate: Validate): DiagnosticReport {
  const valid = candidates.find((candidate) => validate(candidate).length === 0);
  if (valid === undefined) {
    throw new AdapterError('unexpected', 'The report built of these findings is not valid FHIR', { kind: 'permanent' });
  }
  return valid;
}

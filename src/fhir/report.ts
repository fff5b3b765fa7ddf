/** The DiagnosticReport that holds what was found, with its renderings for people. Pure. */
import { createHash } from 'node:crypto';
import type { Attachment, DiagnosticReport } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { orderForReport } from './about.ts';
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
  fileText,
  LABEL,
  type ListedRow,
  madeBy,
  ofOthersText,
  quotesOf,
  type ReportContent,
  replacedText,
  titleOf,
  undoneOf,
} from './report-content.ts';
import { type Built, type Facts, type Items, isFile, isOfOthers, type LeftOut } from './result-items.ts';
import { EXTENSIONS } from './terminology.ts';
import { cleanText, shorten, tidy } from './tidy.ts';
import type { Publication } from './types.ts';
import type { Validate } from './validate.ts';

/** The HTML form has to fit into an Attachment that servers take inline. */
const MOST_HTML = 700_000;

/** What was left out: a row each, or one for all that is about other people and was left out for the same reason. */
function rowsOf(leftOut: LeftOut[]): ListedRow[] {
  const own = leftOut.filter((one) => !one.ofOthers).map(({ label, why }) => ({ label, why, quotes: [] }));
  const reasons = Map.groupBy(
    leftOut.filter((one) => one.ofOthers),
    ({ why }) => why,
  );
  const others = [...reasons].map(([why, { length }]) => ({
    label: `${length} resources about other people`,
    why,
    quotes: [],
  }));
  return [...own, ...others];
}

function contentFor(publication: Publication, facts: Facts, built: Items, leftAlone: string[]): ReportContent {
  const { findings } = publication;
  const own = built.items.filter((one) => !isOfOthers(one));
  const ofOthers = built.items.length - own.length;
  const people = built.items.filter(({ resource }) => resource.resourceType === 'Patient').length;
  const known = findings.items.filter(({ part }) => facts.known.has(part));
  return {
    title: titleOf(findings.report.code),
    banner: [BANNER, cleanText(findings.report.banner ?? '').trim()].filter((text) => text !== '').join(' '),
    madeBy: madeBy(findings.model),
    missing: findings.missing.map(cleanText).filter((part) => part.trim() !== ''),
    undone: undoneOf(findings),
    conclusion: shorten(cleanText(findings.report.conclusion ?? '').trim(), CONCLUSION) || undefined,
    coded: own.flatMap(({ label, resource, finding }) =>
      finding === undefined || resource.resourceType === 'Patient' || isFile(resource)
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
    files: [
      ...own.flatMap(({ label, resource, finding }) =>
        isFile(resource) ? [[fileText(label, resource), ...(finding?.remarks ?? []).map(cleanText)].join(' ')] : [],
      ),
      ...built.attachments.map(({ title = 'A file' }) => `${title}: attached to this report.`),
    ],
    leftOut: rowsOf(built.leftOut),
    leftAlone,
    replaces: (facts.replaces ?? []).map(replacedText),
    ...(ofOthers > 0 && { ofOthers: ofOthersText(ofOthers, people) }),
  };
}

/** Fewer rows where the whole would be too large to stand inline; says how many are not shown. */
function fitting(content: ReportContent): { content: ReportContent; html: string } {
  const html = toHtml(content);
  const most = Math.max(
    content.coded.length,
    content.listed.length,
    content.known.length,
    content.leftOut.length,
    content.files.length,
  );
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
    files: cut(content.files),
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
  const own = built.items.filter((one) => !isOfOthers(one));
  const results = own.filter(({ resource }) => resource.resourceType === 'Observation');
  const pictures = own.filter(({ resource }) => resource.resourceType === 'Media');
  const references = new Map(built.items.map(({ part: name, reference }) => [name, reference]));
  const { subject, encounter, basedOn, specimens } = orderForReport(publication, (name) => references.get(name));
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
    basedOn,
    status: publication.policy.reportStatus,
    category: findings.report.category,
    code: findings.report.code,
    subject,
    encounter,
    effectiveDateTime: effective,
    issued: publication.now,
    performer: [facts.devices.organization],
    specimen: specimens,
    result: results.map(({ reference }) => ({ reference })),
    media: pictures.map(({ label: comment, reference }) => ({ comment, link: { reference } })),
    conclusion: conclusionOf(findings),
    presentedForm: [htmlForm(html, content.title), ...built.attachments],
  };
  const sound = firstValid(
    [
      tidy(bare),
      tidy({
        ...bare,
        effectiveDateTime: undefined,
        category: undefined,
        code: { text: content.title },
      }),
    ],
    facts.validate,
  );
  // By name: whether they stand already makes no difference to what the report says.
  const named = {
    result: results.map(({ part: name }) => name),
    media: pictures.map(({ part: name }) => name),
    ...(findings.about !== undefined && { subject: subject && findings.about }),
  };
  const hash = contentHash({ ...sound, ...named });
  const reference = facts.standing.get(part) ?? fullUrlOf(key, part);
  return {
    part,
    label: content.title,
    reference,
    resource: { ...sound, meta: aiMeta(hash, findings.security) },
    replaces,
  };
}

/** The report as drafted; without what the vendor contributed to its head, where that is not legal FHIR. */
function firstValid(candidates: DiagnosticReport[], validate: Validate): DiagnosticReport {
  const valid = candidates.find((candidate) => validate(candidate).length === 0);
  if (valid === undefined) {
    throw new AdapterError('unexpected', 'The report built of these findings is not valid FHIR', { kind: 'permanent' });
  }
  return valid;
}

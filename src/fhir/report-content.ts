/** What the report for people says, as plain lines and rows; narrative.ts makes XHTML and HTML of it. Pure. */
import type { CodeableConcept, DocumentReference, Media } from '@medplum/fhirtypes';
import type { Evidence, Findings } from '../findings.ts';
import type { ResultResource } from './complete-finding.ts';
import { observedLines } from './observed-value.ts';
import { SYSTEM_NAMES, SYSTEMS } from './terminology.ts';
import { cleanText, shorten } from './tidy.ts';

/** Longest texts in the report, in code points, and most quotes of one row: servers limit what stands inline. */
const QUOTE = 300;
const QUOTES = 20;
export const LABEL = 300;
export const CONCLUSION = 100_000;

export interface CodedRow {
  label: string;
  code: string;
  certainty: string[];
  date: string;
  quotes: string[];
  remarks: string[];
}

export interface ListedRow {
  label: string;
  why: string;
  quotes: string[];
}

export interface ReportContent {
  title: string;
  /** First in every rendering. */
  banner: string;
  madeBy: string;
  /** Non-empty: said before anything else about the findings. */
  missing: string[];
  /** What of those parts could not be done: `analysed`; of other people's data `had`. */
  undone: 'analysed' | 'had';
  conclusion?: string;
  coded: CodedRow[];
  /** Already in the chart: not written again. */
  known: ListedRow[];
  listed: ListedRow[];
  leftOut: ListedRow[];
  /** Pictures and documents, a line each: they stand beside the text, never in it. */
  files: string[];
  /** Ours, but changed by somebody since. */
  leftAlone: string[];
  /** What it replaces, a sentence each. */
  replaces: string[];
  /** How many resources are about people of somebody else's data: those are not listed. */
  ofOthers?: string;
}

/** What has a row of its own, unless it is about one of many people of somebody else's data. */
export type Coded = Exclude<ResultResource, DocumentReference | Media | { resourceType: 'Patient' }>;

/** A report that a new one replaces. */
export interface Replaced {
  /** `DiagnosticReport/id`. */
  reference: string;
  /** It and its findings stand beside the new one; else they are withdrawn. */
  stays: boolean;
}

export const BANNER = 'AI-generated, not verified by a clinician.';

/** `44054006 (SNOMED CT)` for the first coding that has a code; empty where there is none. */
export function codeText(concept: CodeableConcept | undefined): string {
  const coding = concept?.coding?.find(({ code }) => code !== undefined);
  if (coding?.code === undefined) {
    return '';
  }
  const system = SYSTEM_NAMES[coding.system ?? ''];
  return system === undefined ? coding.code : `${coding.code} (${system})`;
}

export function quotesOf(evidence: Evidence[]): string[] {
  const quotes = evidence.map(({ quote, verified }) => {
    const words = shorten(cleanText(quote).trim(), QUOTE);
    return words === '' || verified ? words : `${words} (as the vendor quotes it; not found so in the text)`;
  });
  return [...new Set(quotes)].filter((quote) => quote !== '').slice(0, QUOTES);
}

function firstCode(concept: CodeableConcept | undefined): string | undefined {
  return concept?.coding?.[0]?.code;
}

/** How sure, or with what value, in the words of the resource itself: a line each. */
export function certaintyOf(resource: Coded): string[] {
  switch (resource.resourceType) {
    case 'Condition': {
      const clinical = firstCode(resource.clinicalStatus);
      const verification = firstCode(resource.verificationStatus) ?? 'unconfirmed';
      return [clinical === undefined || clinical === 'active' ? verification : `${verification}, ${clinical}`];
    }
    case 'Observation': {
      const [first = '', ...more] = observedLines(resource);
      return [[first, resource.status].filter((part) => part !== '').join(', '), ...more];
    }
    case 'Group':
      return resource.quantity === undefined ? [] : [`${resource.quantity} members`];
    case 'DiagnosticReport':
    case 'Procedure':
      return [resource.status];
  }
}

function range(start: string | undefined, end: string | undefined): string {
  if (end === undefined) {
    return start ?? '';
  }
  return start === undefined ? `until ${end}` : `${start} to ${end}`;
}

/** When, as precisely as the resource knows it and no more. */
export function dateOf(resource: Coded): string {
  switch (resource.resourceType) {
    case 'Condition':
      return range(
        resource.onsetDateTime ?? resource.onsetString ?? resource.onsetPeriod?.start,
        resource.abatementDateTime ?? resource.abatementString ?? resource.abatementPeriod?.end,
      );
    case 'DiagnosticReport':
    case 'Observation':
      return resource.effectiveDateTime ?? range(resource.effectivePeriod?.start, resource.effectivePeriod?.end);
    case 'Procedure':
      return (
        resource.performedDateTime ??
        resource.performedString ??
        range(resource.performedPeriod?.start, resource.performedPeriod?.end)
      );
    case 'Group':
      return '';
  }
}

/** Where a reader finds a picture or document. */
export function fileText(label: string, { resourceType }: DocumentReference | Media): string {
  const where = resourceType === 'Media' ? 'the pictures of this report' : 'the document beside this report';
  return `${label}: see ${where}.`;
}

export function replacedText({ reference, stays }: Replaced): string {
  return stays
    ? `This report replaces ${reference}, whose findings still stand beside these.`
    : `This report replaces ${reference}, which is withdrawn.`;
}

export function ofOthersText(resources: number, people: number): string {
  return `Beside this report stand ${resources} resources about ${people} other people, none of them the patient of an order.`;
}

/** The line about who made it: model, version where the vendor states one, manufacturer. */
export function madeBy(model: Findings['model']): string {
  const version = model.version === undefined ? 'version not stated' : `version ${model.version}`;
  return cleanText(`${model.name}, ${version}, by ${model.manufacturer}`);
}

/** Our own report analyses something of the patient's; one about others tells what was bought. */
export const undoneOf = ({ about }: Findings): ReportContent['undone'] => (about === undefined ? 'analysed' : 'had');

/** The conclusion, with what is missing said first. */
export function conclusionOf(findings: Findings): string | undefined {
  const missing = findings.missing.map(cleanText).filter((part) => part.trim() !== '');
  const first = missing.length === 0 ? '' : `Incomplete: ${missing.join('; ')} could not be ${undoneOf(findings)}.`;
  const text = [first, cleanText(findings.report.conclusion ?? '').trim()].filter((part) => part !== '').join('\n');
  return text === '' ? undefined : shorten(text, CONCLUSION);
}

/** The report's name, from its code. */
export function titleOf(code: CodeableConcept): string {
  const loinc = code.coding?.find(({ system }) => system === SYSTEMS.loinc);
  return cleanText(code.text ?? loinc?.display ?? code.coding?.[0]?.display ?? '').trim() || 'AI findings';
}

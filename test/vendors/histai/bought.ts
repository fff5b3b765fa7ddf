/** A cohort that was bought, for tests of what is written of it. */
import assert from 'node:assert/strict';
import type { Resource } from '@medplum/fhirtypes';
import type { Finding, Findings } from '../../../src/findings.ts';
import { toFindings } from '../../../src/vendors/histai/findings.ts';
import type { BoughtCase, Result } from '../../../src/vendors/histai/state.ts';

/** Two markers that look alike, an id and a result that are hardly any, and a case that says next to nothing. */
export const CASES: BoughtCase[] = [
  {
    caseId: '00000000-aaaa-4bbb-8ccc-000000000001',
    organ: ['Breast', 'Axilla'],
    primaryDiagnosis: ['Invasive ductal carcinoma', 'Ductal carcinoma in situ'],
    cancerType: ['Carcinoma'],
    isCancer: true,
    age: 47,
    gender: 'f',
    icd10: 'C50.9',
    studies: [
      { marker: 'HER2/neu', result: 'positive, <10% weak' },
      { marker: 'her2 neu', result: '2+' },
      { marker: 'Ki-67', result: '20%' },
    ],
    slides: [
      { slideId: 's1', stain: 'H&E' },
      { slideId: 's2', stain: 'HER2' },
    ],
    macro: 'A piece of tissue.',
    micro: 'Glands, <irregular>.',
    conclusion: 'Carcinoma.',
  },
  {
    caseId: 'case 2/b',
    organ: ['Breast'],
    primaryDiagnosis: [],
    cancerType: [],
    age: 51.5,
    studies: [{ marker: 'Ki-67', result: ' ' }],
    slides: [{ slideId: 's3', stain: 'H&E' }],
  },
  { caseId: 'c3', organ: [], primaryDiagnosis: [], cancerType: [], gender: 'm', studies: [], slides: [] },
];

/** Three cases in the site's own resources, one of three slides copied. */
export const RESULT: Result = {
  cohort: { id: 'cohort-1', name: 'Research cohort fhir-ai-adapter-0123' },
  definition: {
    fields: [
      {
        field: 'organ',
        values: [
          { value: 'Breast', why: 'exact' },
          { value: 'Left breast', why: 'side' },
        ],
      },
      { field: 'stainName', values: [{ value: 'H&E', why: 'exact' }] },
    ],
    age: [40, 60],
    gender: 'f',
    malignant: true,
  },
  selection: {
    cases: 3,
    counts: { he: 3, other: 1 },
    byStain: [
      { stain: 'H&E', slides: 3 },
      { stain: 'HER2', slides: 1 },
    ],
    assumed: 'H&E',
    fitting: 7,
    without: 2,
  },
  purchase: { at: '2026-11-22T10:00:00Z', until: '2026-12-06T10:00:00Z', elsewhere: false, cents: 5500 },
  approval: { by: 'dr.abel', at: '2026-11-22T09:58:30Z' },
  cases: CASES,
  manifest: 'manifest.json',
  metadata: 'metadata.json',
  chart: 'composition.png',
  slides: [
    { fileId: 'f1', caseId: 'c3', slideId: 's1', stain: 'H&E', size: 1_234_567_890, file: 'slide/s1', tries: 0 },
    { fileId: 'f2', slideId: 's2', lost: 'HistAI does not give it', tries: 5 },
    { fileId: 'f3', slideId: 's3', lost: 'HistAI does not give it', tries: 5 },
  ],
  copies: true,
  caseResources: true,
  missing: [],
};

export const findingsWith = (more: Partial<Result>): Findings => toFindings({ ...RESULT, ...more });

export function item({ items }: Findings, part: string): Finding {
  return items.find((one) => one.part === part) ?? assert.fail(`there is no ${part}`);
}

export function resourceOf<T extends Resource['resourceType']>(findings: Findings, part: string, type: T) {
  const { resource } = item(findings, part);
  assert.equal(resource.resourceType, type);
  return resource as Extract<Resource, { resourceType: T }>;
}

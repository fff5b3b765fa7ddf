/** Findings about other people as a vendor drafts them, with all that such a draft must not bring along. */
import assert from 'node:assert/strict';
import type { Media, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { partOf } from '../../src/fhir/identifiers.ts';
import type { FhirClient, Publication, Published, WrittenPart } from '../../src/fhir/types.ts';
import { openValidator } from '../../src/fhir/validate.ts';
import type { Limits } from '../../src/fhir/write-limits.ts';
import type { Finding, Findings } from '../../src/findings.ts';
import { fileOf } from './publish-files-support.ts';
import { findingsOf, viewOf, type Ward } from './publish-support.ts';

export const ORDER = 'ward/ServiceRequest/cohort/cohorts';
export const CASES = ['case/1', 'case/2', 'case/3'];
const code = (text: string) => ({ text });

/** One person's resources; the draft of the Patient says far more than may be passed on. */
function caseOf(person: string): Finding[] {
  const about = { about: person, evidence: [] };
  return [
    {
      ...about,
      part: `${person}/report`,
      label: 'Report',
      resource: {
        resourceType: 'DiagnosticReport',
        status: 'final',
        code: code('Pathology report'),
        conclusion: 'Invasive carcinoma.',
        presentedForm: [{ contentType: 'text/plain', data: 'TWFjcm9zY29weQ==', url: 'https://vendor.example/expires' }],
        resultsInterpreter: [{ display: 'Dr. Elsewhere' }],
      },
      holds: [`${person}/age`, `${person}/never-written`],
    },
    {
      ...about,
      part: `${person}/age`,
      label: 'Age',
      resource: { resourceType: 'Observation', status: 'final', code: code('Age'), valueInteger: 61 },
    },
    {
      ...about,
      part: `${person}/diagnosis`,
      label: 'Diagnosis',
      resource: {
        resourceType: 'Condition',
        code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }], text: 'Hypertension' },
      },
    },
    {
      part: person,
      label: 'Case',
      evidence: [],
      resource: {
        resourceType: 'Patient',
        active: false,
        gender: 'female',
        name: [{ family: 'Somebody' }],
        birthDate: '1965-04-01',
        address: [{ city: 'Elsewhere' }],
        telecom: [{ value: '555-0100' }],
        photo: [{ url: 'https://vendor.example/photo' }],
        contact: [{ name: { family: 'Kin' } }],
        link: [{ other: { reference: 'Patient/1' }, type: 'seealso' }],
      },
    },
  ];
}

/** As a vendor gives them: what is referred to does not always come first. */
export const ITEMS: Finding[] = [
  ...CASES.flatMap(caseOf),
  {
    part: 'group',
    label: 'Cohort of 3 cases',
    evidence: [],
    resource: { resourceType: 'Group', type: 'person', actual: true, active: false, name: 'Cohort', quantity: 3 },
    holds: [...CASES, 'case/4'],
  },
  {
    part: 'obs/slides',
    label: 'Number of slides',
    evidence: [{ input: 'note', quote: 'hypertension', start: 6, end: 18, verified: true }],
    resource: { resourceType: 'Observation', status: 'final', code: code('Slides'), valueInteger: 20 },
  },
  {
    part: 'condition/all',
    label: 'What all of them have',
    evidence: [],
    resource: { resourceType: 'Condition', code: { coding: [{ system: 'http://snomed.info/sct', code: '38341003' }] } },
  },
  {
    part: 'chart',
    label: 'Composition',
    evidence: [],
    file: 'chart.png',
    resource: { resourceType: 'Media', status: 'completed' } satisfies Omit<Media, 'content'>,
  },
  {
    part: 'manifest',
    label: 'Manifest',
    evidence: [],
    file: 'manifest.json',
    resource: { resourceType: 'DocumentReference', status: 'current', type: code('Manifest') },
  },
];

export const FINDINGS: Findings = findingsOf(ITEMS, {
  about: 'group',
  listed: [],
  report: {
    category: [code('Research')],
    code: code('Research cohort'),
    conclusion: 'Three cases were bought.',
    banner: 'Research data of other people.',
  },
  figures: [
    { label: 'Cases', integer: 3 },
    { label: 'Price', money: { value: 100, currency: 'USD' } },
  ],
  approvals: [
    { by: 'maria', at: '2026-11-20T10:00:05Z', what: 'the purchase of 20 slides for 100.00 USD' },
    { by: 'Practitioner of the ward', at: '2026-11-20T10:00:06Z', what: 'the same' },
  ],
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }],
});

/** An order that names the patient for context, with all that could lead back to him or her. */
export async function othersPublication(ward: Ward, more: Partial<Publication> = {}): Promise<Publication> {
  const base = await ward.publication([], { key: ORDER });
  const [placed] = await ward.all<ServiceRequest>('ServiceRequest');
  const request =
    placed ??
    (await ward.client.create<ServiceRequest>({
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { reference: ward.patient },
    }));
  const { id = '' } = request;
  const owner = base.task.owner;
  return {
    ...base,
    focus: { ...request, encounter: { reference: 'Encounter/1' }, specimen: [{ reference: 'Specimen/1' }] },
    encounter: 'Encounter/1',
    findings: FINDINGS,
    files: [
      fileOf('chart.png', 'image/png', Buffer.from('a chart')),
      fileOf('manifest.json', 'application/json', Buffer.from('{}')),
    ],
    task: {
      ...viewOf(ORDER, id, ward.patient, owner, { status: 'completed', lastModified: base.now }),
      focus: { type: 'ServiceRequest', id },
    },
    ...more,
  };
}

/** `limits` are not kept from one publication to the next. */
export async function publishOn(
  ward: Ward,
  { known = [], limits, client }: { known?: WrittenPart[]; limits?: Limits | undefined; client?: FhirClient } = {},
): Promise<Published> {
  const publication = await othersPublication(ward, { written: known });
  return ward.publish(publication, client, limits && { ...limits });
}

const TYPES = [
  'Patient',
  'Group',
  'Observation',
  'Condition',
  'DiagnosticReport',
  'Media',
  'DocumentReference',
  'Binary',
  'Provenance',
] as const;

/** What we wrote, by part; Binaries and Provenances under their references. */
export async function written(ward: Ward): Promise<Map<string, Resource>> {
  const all = (await Promise.all(TYPES.map((type) => ward.all<Resource>(type)))).flat();
  const ours = all.filter((one) => ![ward.patient, ward.note].includes(`${one.resourceType}/${one.id}`));
  return new Map(ours.map((one) => [partOf(one, ORDER) ?? `${one.resourceType}/${one.id}`, one]));
}

export function referenceTo(parts: Map<string, Resource>, part: string): string {
  const resource = parts.get(part);
  assert.ok(resource, `${part} is not there`);
  return `${resource.resourceType}/${resource.id}`;
}

/** Only the Task and the order itself may name the patient, or what else the order names of him or her. */
export async function assertNobodyNamed(ward: Ward): Promise<void> {
  for (const one of (await written(ward)).values()) {
    const said = JSON.stringify(one);
    for (const reference of [ward.patient, ward.note, 'Encounter/1', 'Specimen/1']) {
      assert.ok(!said.includes(`"${reference}"`), `${one.resourceType}/${one.id} names ${reference}`);
    }
  }
}

export async function assertValid(ward: Ward): Promise<void> {
  const validate = await openValidator();
  for (const one of [...(await written(ward)).values(), await taskOf(ward)]) {
    assert.deepEqual(validate(one), [], `${one.resourceType} ${partOf(one, ORDER)}`);
  }
}

export async function taskOf(ward: Ward) {
  const task = (await ward.all('Task')).find(({ id }) => id !== undefined);
  assert.ok(task?.resourceType === 'Task');
  return task;
}

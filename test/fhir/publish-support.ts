/** A ward for publishing tests: the embedded EHR over HTTP, the real client, one patient, one note, one order's Task. */
import type { TestContext } from 'node:test';
import type { Bundle, Resource, Task } from '@medplum/fhirtypes';
import type { EhrOptions } from '../../sandbox/ehr/index.ts';
import { openFhirClient } from '../../src/fhir/client.ts';
import { ensureAdapterDevice, ensureDevices } from '../../src/fhir/devices.ts';
import { publish } from '../../src/fhir/publish.ts';
import { saveTask } from '../../src/fhir/save-task.ts';
import type { FhirClient, Publication, Published, TaskView } from '../../src/fhir/types.ts';
import { type Limits, siteLimits } from '../../src/fhir/write-limits.ts';
import type { Finding, Findings } from '../../src/findings.ts';
import { silentLog } from '../../src/log.ts';
import { serveEhr } from '../sandbox/serve-ehr.ts';

export const VENDOR = { name: 'healthsage', title: 'HealthSage AI' };
const SNOMED = 'http://snomed.info/sct';
const NOTE = 'Known hypertension. No chest pain. Appendectomy in 2011. Palpitations today.';

export function evidenceOf(quote: string): Finding['evidence'] {
  const start = NOTE.indexOf(quote);
  return start < 0
    ? [{ input: 'note', quote, verified: false }]
    : [{ input: 'note', quote, start, end: start + quote.length, verified: true }];
}

export const HYPERTENSION: Finding = {
  part: 'condition/38341003',
  label: 'Hypertension',
  resource: {
    resourceType: 'Condition',
    code: { coding: [{ system: SNOMED, code: '38341003', display: 'Hypertensive disorder' }] },
    verificationStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-ver-status', code: 'confirmed' }],
    },
    onsetDateTime: '2014',
  },
  evidence: evidenceOf('hypertension'),
};

export const PALPITATIONS: Finding = {
  part: 'obs/80313002',
  label: 'Palpitations',
  resource: {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: SNOMED, code: '80313002', display: 'Palpitations' }] },
    valueCodeableConcept: { coding: [{ system: SNOMED, code: '52101004', display: 'Present' }] },
  },
  evidence: evidenceOf('Palpitations'),
};

export const APPENDECTOMY: Finding = {
  part: 'procedure/80146002',
  label: 'Appendectomy',
  resource: {
    resourceType: 'Procedure',
    status: 'completed',
    code: { coding: [{ system: SNOMED, code: '80146002', display: 'Appendectomy' }] },
    performedDateTime: '2011',
  },
  evidence: evidenceOf('Appendectomy'),
};

export function findingsOf(items: Finding[], more: Partial<Findings> = {}): Findings {
  return {
    model: { name: 'CDT beta', manufacturer: 'HealthSage AI', version: '2026-01-01', kinds: ['Large-Language-Models'] },
    report: {
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'OTH' }] }],
      code: { coding: [{ system: 'http://loinc.org', code: '11506-3', display: 'Progress note' }] },
      effective: '2026-11-20T09:30:00Z',
    },
    items,
    listed: [{ label: 'Chest pain', why: 'negated in the text', evidence: evidenceOf('No chest pain') }],
    missing: [],
    jobs: ['task-1'],
    ...more,
  };
}

export interface Ward {
  client: FhirClient;
  base: string;
  patient: string;
  note: string;
  /** A publication of these findings for the Task as it stands now. */
  publication(items: Finding[], more?: Partial<Publication>): Promise<Publication>;
  publish(publication: Publication, client?: FhirClient, limits?: Limits): Promise<Published>;
  /** All resources of a type that are not Devices' business: straight from the store. */
  all<T extends Resource>(type: T['resourceType']): Promise<T[]>;
  update(resource: Resource): Promise<Resource>;
  task(): Promise<Task>;
}

export function viewOf(
  key: string,
  note: string,
  patient: string,
  owner: string,
  more: Partial<TaskView> = {},
): TaskView {
  return {
    key,
    vendor: VENDOR,
    focus: { type: 'DocumentReference', id: note },
    subject: patient,
    status: 'in-progress',
    jobs: ['task-1'],
    owner,
    authoredOn: '2026-11-20T10:00:00Z',
    lastModified: '2026-11-20T10:00:01Z',
    startedAt: '2026-11-20T10:00:01Z',
    outputs: [],
    notes: [],
    ...more,
  };
}

export async function openWard(t: TestContext, options: Partial<EhrOptions> = {}, generation = ''): Promise<Ward> {
  const { ehr, base } = await serveEhr(t, options);
  const config = {
    baseUrl: base,
    auth: { type: 'none' as const },
    essential: [],
    storageHosts: [],
    slideHosts: [],
    owners: [],
    binaryLimit: 1_000_000,
    transactionEntries: 400,
    timeout: 20,
  };
  const client = openFhirClient({ site: 'ward', config, log: silentLog, wait: async () => {} });
  t.after(() => client.close());
  const person = await ehr.create({ resourceType: 'Patient', name: [{ family: 'Example' }] });
  const document = await ehr.create({
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(NOTE).toString('base64') } }],
  });
  const patient = `Patient/${person.id}`;
  const note = `DocumentReference/${document.id}`;
  const order = `ward/${note}/note-coding`;
  const findings = findingsOf([]);
  const owner = await ensureAdapterDevice(client);
  const devices = await ensureDevices(client, VENDOR, findings.model);
  const sent = new Map<string, string>();
  const taskOf = async (key: string): Promise<string> => {
    const known = sent.get(key);
    if (known !== undefined) {
      return known;
    }
    const { id } = await saveTask(client, viewOf(key, document.id ?? '', patient, owner));
    sent.set(key, id);
    return id;
  };
  return {
    client,
    base,
    patient,
    note,
    async publication(items, more = {}) {
      const key = more.key ?? `${order}${generation}`;
      const taskId = await taskOf(key);
      const task = await client.read<Task>('Task', taskId);
      return {
        key,
        vendor: VENDOR,
        focus: document,
        subject: patient,
        findings: findingsOf(items),
        inputs: [
          {
            name: 'note',
            kind: 'note',
            contentType: 'text/plain',
            sha256: 'a'.repeat(64),
            size: NOTE.length,
            reference: note,
            date: '2026-11-20T09:30:00Z',
          },
        ],
        files: [],
        binaryLimit: 1_000_000,
        remember: async () => {},
        policy: { confirmedInText: 'unconfirmed', reportStatus: 'preliminary' },
        essential: ['Task', 'DiagnosticReport'],
        ranFrom: '2026-11-20T10:00:01Z',
        ranUntil: '2026-11-20T10:00:09Z',
        now: '2026-11-20T10:00:10Z',
        written: [],
        superseded: [],
        task: viewOf(key, document.id ?? '', patient, owner, {
          status: 'completed',
          lastModified: '2026-11-20T10:00:10Z',
          endedAt: '2026-11-20T10:00:10Z',
        }),
        taskId,
        taskVersion: task?.meta?.versionId,
        ...more,
      };
    },
    publish: (publication, through = client, limits = siteLimits(400)) =>
      publish(through, publication, { devices, log: silentLog, wait: async () => {}, limits }),
    async all<T extends Resource>(type: T['resourceType']) {
      const bundle: Bundle = await ehr.search(`${type}?_count=1000`);
      return (bundle.entry ?? []).flatMap(({ resource }) => (resource?.resourceType === type ? [resource as T] : []));
    },
    update: (resource) => ehr.update(resource as Resource & { id: string }),
    async task() {
      const found = await client.read<Task>('Task', sent.get(`${order}${generation}`) ?? '');
      if (found === undefined) {
        throw new Error('There is no Task');
      }
      return found;
    },
  };
}

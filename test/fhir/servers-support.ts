/** One publication on servers of one kind: the same set of resources, once, whichever write breaks in the middle. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Bundle, DiagnosticReport, Media, Provenance, Resource, Task } from '@medplum/fhirtypes';
import type { EhrOptions, Lacks } from '../../sandbox/ehr/index.ts';
import { AdapterError } from '../../src/errors.ts';
import { identifiersOf } from '../../src/fhir/identifiers.ts';
import { OUR_SYSTEMS } from '../../src/fhir/terminology.ts';
import type { FhirClient, Publication, Published, WrittenPart } from '../../src/fhir/types.ts';
import { siteLimits } from '../../src/fhir/write-limits.ts';
import type { Finding } from '../../src/findings.ts';
import { assertHolds, HEAT_MAP, picture, vendorsReport } from './publish-files-support.ts';
import { APPENDECTOMY, findingsOf, HYPERTENSION, openWard, PALPITATIONS, type Ward } from './publish-support.ts';

export interface Kind {
  name: string;
  options: Partial<EhrOptions>;
  /** What the site is configured with; default 400. */
  entries?: number;
  /** Types that are left out. */
  without?: string[];
}

export const kind = (
  name: string,
  manner: EhrOptions['manner'],
  lacks: Lacks = {},
  more: Partial<Kind> = {},
): Kind => ({
  name,
  ...more,
  options: { manner, ...(Object.keys(lacks).length > 0 && { lacks }), ...more.options },
});

const TYPES = ['Condition', 'Observation', 'Procedure', 'Media', 'DocumentReference', 'DiagnosticReport'] as const;

/** Findings of a patient who has them for the first time: what is on the problem list already is not written again. */
function findingsFor(order: string): Finding[] {
  const coded = [HYPERTENSION, PALPITATIONS, APPENDECTOMY].map((finding) => ({
    ...finding,
    resource: { ...finding.resource, code: { coding: [{ system: 'urn:test', code: `${order}-${finding.part}` }] } },
  })) as Finding[];
  return [...coded, HEAT_MAP];
}

function partOf(resource: Resource, key: string): string | undefined {
  return identifiersOf(resource)
    .find(({ system, value }) => system === OUR_SYSTEMS.result && value?.startsWith(`${key}#`))
    ?.value?.slice(key.length + 1);
}

/** All that stands of one order, in words that are equal for equal sets. */
async function standing(ward: Ward, { key, taskId }: Publication): Promise<string[]> {
  const lines: string[] = [];
  const parts = new Map<string, string>();
  for (const type of TYPES) {
    for (const resource of await ward.all<Resource>(type)) {
      const part = partOf(resource, key);
      if (part !== undefined) {
        parts.set(`${type}/${resource.id}`, part);
        lines.push(`${type} ${part} ${'status' in resource ? resource.status : ''}`);
      }
    }
  }
  const nameOf = (reference: string | undefined) => parts.get(reference ?? '');
  for (const { target } of await ward.all<Provenance>('Provenance')) {
    const part = nameOf(target[0]?.reference);
    lines.push(...(part === undefined ? [] : [`Provenance of ${part}`]));
  }
  for (const report of await ward.all<DiagnosticReport>('DiagnosticReport')) {
    if (partOf(report, key) !== undefined) {
      lines.push(`the report's results: ${report.result?.map(({ reference }) => nameOf(reference)).join(' ')}`);
      lines.push(`the report's pictures: ${(report.media ?? []).map(({ link }) => nameOf(link.reference)).join(' ')}`);
      await assertHolds(ward, report.presentedForm?.[1], vendorsReport(key));
    }
  }
  for (const media of await ward.all<Media>('Media')) {
    if (partOf(media, key) !== undefined) {
      await assertHolds(ward, media.content, picture(key));
    }
  }
  const task = await ward.client.read<Task>('Task', taskId);
  assert.ok(task);
  const outputs = task.output?.map(({ valueReference }) => nameOf(valueReference?.reference) ?? 'another').sort();
  return [...lines, `Task ${task.status}: ${outputs?.join(' ')}`].sort();
}

function expected(without: string[]): string[] {
  const items = [
    ['Condition', HYPERTENSION.part, ''],
    ['Observation', PALPITATIONS.part, 'preliminary'],
    ['Procedure', APPENDECTOMY.part, 'completed'],
    without.includes('Media')
      ? ['DocumentReference', `${HEAT_MAP.part}/document`, 'current']
      : ['Media', HEAT_MAP.part, 'completed'],
    ['DiagnosticReport', 'report', 'preliminary'],
  ].filter(([type = '']) => !without.includes(type));
  const parts = items.map(([, part]) => part);
  return [
    ...items.map((words) => words.join(' ')),
    ...(without.includes('Provenance') ? [] : parts.map((part) => `Provenance of ${part}`)),
    `the report's results: ${PALPITATIONS.part}`,
    `the report's pictures: ${without.includes('Media') ? '' : HEAT_MAP.part}`,
    `Task completed: ${parts.sort().join(' ')}`,
  ].sort();
}

type Call = () => Promise<unknown>;

/** The client, each of whose writes goes through `around` with its number. */
function writing(
  client: FhirClient,
  around: <T>(work: () => Promise<T>, number: number, types: string[]) => Promise<T>,
) {
  let number = 0;
  const next = () => {
    number += 1;
    return number;
  };
  const typesOf = ({ entry }: Bundle) => (entry ?? []).map(({ resource }) => resource?.resourceType ?? '');
  const wrapped: FhirClient = {
    ...client,
    create: (resource, more) => around(() => client.create(resource, more), next(), [resource.resourceType]),
    update: (resource, more) => around(() => client.update(resource, more), next(), [resource.resourceType]),
    saveBytes: (bytes, about) => around(() => client.saveBytes(bytes, about), next(), ['Binary']),
    submit: (bundle) => around(() => client.submit(bundle), next(), typesOf(bundle)),
  };
  return wrapped;
}

const died = () => new AdapterError('shutting-down', 'we died here');
const timeout = () => new AdapterError('ehr-timeout', 'no answer');

const FAULTS: Record<string, (work: Call) => Promise<never>> = {
  'we die before it': async () => {
    throw died();
  },
  'we die after it': async (work) => {
    await work();
    throw died();
  },
  'its answer is lost': async (work) => {
    await work();
    throw timeout();
  },
  'it is lost on the way': async () => {
    throw timeout();
  },
};

/** The first writes, the last ones and one between them, each with one of the faults in turn; all at the end of a few. */
function breaks(last: number, turn: number) {
  const places = [...new Set([1, 2, Math.ceil(last / 2), last - 1, last])].filter((at) => at >= 1 && at <= last);
  const faults = Object.entries(FAULTS);
  return places.flatMap((at, index) =>
    faults
      .filter((_, which) => (last < 4 && at === last) || which === (index + turn) % faults.length)
      .map(([fault, breakIt]) => ({ at, fault, breakIt })),
  );
}

/** `turn` chooses among the faults, so that all of them are met over the kinds. */
export async function survives(
  t: TestContext,
  { options, entries = 400, without = [] }: Kind,
  turn: number,
): Promise<void> {
  const ward = await openWard(t, { referentialIntegrity: false, ...options });
  const limits = siteLimits(entries);
  const wanted = expected(without);
  const stored = new Map<string, WrittenPart[]>();
  const order = (name: string): Promise<Publication> => {
    const key = `ward/DocumentReference/${name}/r`;
    const findings = findingsOf(findingsFor(name));
    return ward.publication([], {
      key,
      findings: { ...findings, report: { ...findings.report, attachments: ['vendor.json'] } },
      files: [picture(key), vendorsReport(key)],
      remember: async (parts) => void stored.set(key, [...(stored.get(key) ?? []), ...parts]),
    });
  };
  const publish = (publication: Publication, client?: FhirClient): Promise<Published> =>
    ward.publish(publication, client, limits);

  const written: string[][] = [];
  const clean = await order('clean');
  const recording = writing(ward.client, async (work, _number, types) => {
    const result = await work();
    written.push(types);
    return result;
  });
  const first = await publish(clean, recording);
  assert.deepEqual(await standing(ward, clean), wanted);
  const flat = written.flat();
  assert.equal(flat.at(-1), 'Task');
  const results = TYPES.slice(0, -1);
  if (!without.includes('Binary')) {
    assert.ok(flat.lastIndexOf('Binary') < flat.indexOf('Observation'), 'files come first');
  }
  assert.ok(
    flat.indexOf('DiagnosticReport') > Math.max(...results.map((type) => flat.lastIndexOf(type))),
    'the report comes after what it refers to',
  );
  const refusing = writing(ward.client, async (work) => {
    await work();
    throw new Error('it was written again');
  });
  const again = await publish({ ...clean, written: first.written }, refusing);
  assert.deepEqual(again.task, first.task);

  for (const { at, fault, breakIt } of breaks(written.length, turn)) {
    const publication = await order(`${at} ${fault}`.replaceAll(' ', '-'));
    const client = writing(ward.client, async (work, number) => (number === at ? breakIt(work) : work()));
    await publish(publication, client).catch((thrown: unknown) => {
      assert.equal(thrown instanceof AdapterError ? thrown.code : thrown, 'shutting-down');
    });
    await publish({ ...publication, written: stored.get(publication.key) ?? [] });
    assert.deepEqual(await standing(ward, publication), wanted, `write ${at} of ${written.length}: ${fault}`);
  }
}

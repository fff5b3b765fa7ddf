/** How much a server takes at once, and how long it wants to be left alone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Bundle } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import { ensureDevices } from '../../src/fhir/devices.ts';
import { publish } from '../../src/fhir/publish.ts';
import { saysTooLarge } from '../../src/fhir/refusal.ts';
import type { FhirClient } from '../../src/fhir/types.ts';
import { siteLimits } from '../../src/fhir/write-limits.ts';
import { silentLog } from '../../src/log.ts';
import { openWard, PALPITATIONS, type Ward } from './publish-support.ts';

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...PALPITATIONS,
    part: `obs/${index}`,
    label: `Palpitations ${index}`,
  }));

/** The ward's client; `sizes` gets the entries of each transaction, a refused one as a negative number. */
function counting(ward: Ward, submit: (bundle: Bundle) => Promise<Bundle> = ward.client.submit) {
  const sizes: number[] = [];
  const client: FhirClient = {
    ...ward.client,
    submit: async (bundle) => {
      const size = bundle.entry?.length ?? 0;
      try {
        const answer = await submit(bundle);
        sizes.push(size);
        return answer;
      } catch (thrown) {
        sizes.push(-size);
        throw thrown;
      }
    },
  };
  return { client, sizes };
}

test('a smaller limit is found by halving, and kept for the next publication', async (t) => {
  const ward = await openWard(t, { lacks: { entries: 8 } });
  const { client, sizes } = counting(ward);
  const limits = siteLimits(400);
  const published = await ward.publish(await ward.publication(many(23)), client, limits);
  assert.equal(published.written.length, 24);
  assert.deepEqual(sizes.splice(0).slice(0, 4), [-49, -23, -11, 5]);
  assert.equal(limits.entries, 5);
  const next = await ward.publication(many(4), { key: 'ward/DocumentReference/2/note-coding' });
  await ward.publish(next, client, limits);
  assert.deepEqual(sizes, [5, 5, 3]);
  assert.equal((await ward.all('Observation')).length, 27);
});

test('many chunks are written however many rounds it takes', async (t) => {
  const ward = await openWard(t);
  const { client, sizes } = counting(ward);
  const published = await ward.publish(await ward.publication(many(30)), client, siteLimits(3));
  assert.equal(published.written.length, 31);
  assert.deepEqual(sizes, Array(31).fill(3));
  assert.equal((await ward.task()).output?.length, 31);
});

test('one resource that is too large by itself is left out, and teaches nothing about the others', async (t) => {
  const ward = await openWard(t);
  const tooLarge = () => new AdapterError('ehr-rejected', 'too large', { status: 413 });
  const holds = (value: unknown) => JSON.stringify(value).includes('#obs/2"');
  const { client: counted, sizes } = counting(ward, async (bundle) => {
    if (bundle.entry?.some(({ resource }) => resource?.resourceType === 'Observation' && holds(resource))) {
      throw tooLarge();
    }
    return ward.client.submit(bundle);
  });
  const client: FhirClient = {
    ...counted,
    create: async (resource, more) => {
      if (resource.resourceType === 'Observation' && holds(resource)) {
        throw tooLarge();
      }
      return ward.client.create(resource, more);
    },
  };
  const limits = siteLimits(400);
  const published = await ward.publish(await ward.publication(many(6)), client, limits);
  assert.deepEqual(
    published.leftOut.map(({ part }) => part),
    ['obs/2'],
  );
  assert.equal((await ward.all('Observation')).length, 5);
  assert.equal((await ward.all('Provenance')).length, 6);
  assert.equal((await ward.task()).status, 'completed');
  assert.ok(sizes.includes(-3));
  assert.equal(limits.entries, 400);
});

test('which refusals speak of size', () => {
  const refusal = (status: number, code: 'too-long' | 'too-costly' | 'invalid', text: string) =>
    saysTooLarge(
      new AdapterError('ehr-rejected', 'refused', {
        status,
        outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics: text }] },
      }),
    );
  assert.ok(refusal(400, 'invalid', 'The number of entries in the bundle exceeded the configured limit of 500.'));
  assert.ok(refusal(400, 'invalid', 'Transaction requires strict isolation but has too many entries'));
  assert.ok(refusal(400, 'invalid', 'Transaction contains more update operations than allowed'));
  assert.ok(refusal(400, 'too-costly', ''));
  assert.ok(refusal(422, 'too-long', ''));
  assert.ok(saysTooLarge(new AdapterError('ehr-rejected', 'a proxy', { status: 413 })));
  assert.ok(!refusal(400, 'invalid', 'Bundle.entry[3]: Observation.status is required'));
  assert.ok(!saysTooLarge(new AdapterError('ehr-error', 'down', { status: 503 })));
});

async function afterTrouble(t: TestContext, error: AdapterError) {
  const ward = await openWard(t);
  let asked = 0;
  const client: FhirClient = {
    ...ward.client,
    submit: async (bundle) => {
      asked += 1;
      if (asked === 1) {
        throw error;
      }
      return ward.client.submit(bundle);
    },
  };
  const waits: number[] = [];
  const publication = await ward.publication([PALPITATIONS]);
  const devices = await ensureDevices(ward.client, publication.vendor, publication.findings.model);
  const wait = async (milliseconds: number) => void waits.push(milliseconds);
  const done = publish(client, publication, { devices, log: silentLog, wait, limits: siteLimits(400) });
  return { done, waits, asked: () => asked };
}

test('a server that asks to wait longer than we do is left alone, and the caller told how long', async (t) => {
  const options = { kind: 'ambiguous', status: 503, retryAfter: 60 } as const;
  const { done, waits, asked } = await afterTrouble(t, new AdapterError('ehr-error', 'down', options));
  await assert.rejects(done, { code: 'ehr-error', retryAfter: 60 });
  assert.deepEqual([waits, asked()], [[], 1]);
});

test('a short wait that was asked for is waited out', async (t) => {
  const options = { kind: 'ambiguous', status: 503, retryAfter: 7 } as const;
  const { done, waits, asked } = await afterTrouble(t, new AdapterError('ehr-error', 'down', options));
  await done;
  assert.deepEqual([waits, asked()], [[7000], 2]);
});

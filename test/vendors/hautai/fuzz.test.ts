/** Whatever the vendor answers is read, or is `vendor-protocol`; and whatever was read becomes findings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../../src/errors.ts';
import {
  batches,
  blockOf,
  foundOf,
  historyOf,
  login,
  maskAddresses,
  parsed,
  subjects,
  upload,
} from '../../../src/vendors/hautai/answers.ts';
import { trendOf } from '../../../src/vendors/hautai/history.ts';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import { isStorage } from '../../../src/vendors/storage-host.ts';
import { orderOf } from './drive.ts';

const SIDES = ['front', 'left'] as const;
const json = fc.jsonValue({ maxDepth: 2 });
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, 1, 0.5, -0, 1e300));
const known = fc.constantFrom('redness', 'ita', 'age', 'moles', 'skin_type', 'tomorrow', '__proto__', 'tostring');
const name = fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: fc.string() });
const few = { maxKeys: 4 };
const inner = fc.dictionary(fc.constantFrom('score', 'front', 'amount', 'value'), fc.oneof(number, fc.string()), few);
const values = fc.dictionary(
  fc.constantFrom('score', 'grade', 'amount', 'ita', 'tag', 'areas', 'masks', 'length', 'density'),
  fc.oneof(number, fc.string(), json, fc.dictionary(name, inner, few)),
  few,
);
const block = fc.record(
  {
    image_batch_id: fc.oneof(fc.uuid(), json),
    parameters: fc.oneof(
      { weight: 5, arbitrary: fc.dictionary(name, values, { minKeys: 1, ...few }) },
      { weight: 1, arbitrary: json },
    ),
    all_algorithms_calculated: fc.oneof(fc.boolean(), json),
    detection_errors: fc.oneof(
      fc.dictionary(fc.constantFrom('front', 'left', 'x'), fc.oneof(fc.string(), json), few),
      json,
    ),
  },
  { requiredKeys: ['parameters'] },
);
const ours = fc.constantFrom('face_skin_metrics_3', 'face_skin_metrics_3.1');
const results = fc.oneof(
  { weight: 1, arbitrary: json },
  { weight: 1, arbitrary: fc.dictionary(ours, json, few) },
  { weight: 6, arbitrary: fc.dictionary(ours, block, { minKeys: 1, maxKeys: 2 }) },
);

/** What `read` gives; undefined where it says that the vendor's answer cannot be read. */
function lenient<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    assert.ok(thrown instanceof AdapterError && thrown.code === 'vendor-protocol', String(thrown));
    return undefined;
  }
}

test('any results are read or refused, and what was read becomes findings', () => {
  let seen = 0;
  fc.assert(
    fc.property(results, fc.array(block, { maxLength: 3 }), (answer, history) => {
      const read = lenient(() => blockOf(JSON.parse(JSON.stringify(answer)), undefined));
      if (!read) {
        return;
      }
      const found = foundOf(read, SIDES);
      maskAddresses(read, SIDES);
      seen += found.parameters.length;
      const blocks = historyOf(JSON.parse(JSON.stringify(history)));
      const dates = new Map(
        blocks.flatMap(({ image_batch_id: id }) => (id ? [[id, '2026-01-02T00:00:00Z'] as const] : [])),
      );
      const result = hautai.result.parse({
        subject: 's',
        batch: 'b',
        earlier: [],
        photos: SIDES.map((side) => ({ side, input: side })),
        found,
        masks: [],
        lost: [],
        trend: trendOf(found, { batches: ['b'], at: '2026-11-20' }, blocks, dates),
        trendMissing: false,
      });
      const { items, report } = hautai.toFindings(result, orderOf());
      const parts = items.map(({ part }) => part);
      assert.equal(new Set(parts).size, parts.length);
      assert.ok(parts.every((part) => /^[\w./~-]+$/.test(part)));
      assert.doesNotMatch(
        JSON.stringify([items, report]),
        /https?:\/\/(?!hl7|snomed|unitsofmeasure|terminology|loinc)/,
      );
      for (const { resource } of items) {
        assert.ok(resource.resourceType === 'Observation');
        const { value } = resource.valueQuantity ?? {};
        assert.ok(value === undefined || Number.isFinite(value));
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(seen > 500, 'the fuzz finds parameters');
});

test('any other answer is read or refused by name', () => {
  const schemas = { login, subjects, batches, upload };
  fc.assert(
    fc.property(json, fc.constantFrom('login', 'subjects', 'batches', 'upload'), (body, which) => {
      const response = { status: 200, headers: {}, json: () => body, bytes: () => new Uint8Array() };
      lenient(() => parsed<(typeof schemas)[typeof which]>(schemas[which], response, which));
    }),
    { numRuns: 200 },
  );
});

test('any webhook body is taken for a hint, unless it names another batch only', () => {
  const begun = hautai.begin(orderOf());
  assert.ok(!('refuse' in begun));
  const state = { ...begun, batch: '49847652-adb0-5bc4-9e17-5b35303ae483' };
  fc.assert(fc.property(json, (body) => typeof hautai.callback?.(body, state) === 'boolean'));
  assert.equal(hautai.callback?.({ application_name: 'x', area_results: [] }, state), true);
  assert.equal(hautai.callback?.({ data: { image_batch_id: state.batch.toUpperCase() } }, state), true);
  assert.equal(hautai.callback?.([{ image_batch_id: '00000000-0000-4000-8000-000000000000' }], state), false);
});

test('only the site’s storage hosts are storage, and over TLS where the vendor is', () => {
  const place = { baseUrl: 'https://saas.haut.ai', storageHosts: ['storage.googleapis.com', 'Files.example:8443'] };
  for (const good of ['https://storage.googleapis.com/a?b', 'https://files.example:8443/x']) {
    assert.equal(isStorage(good, place), true, good);
  }
  for (const bad of [
    'http://storage.googleapis.com/a',
    'https://storage.googleapis.com.evil.example/a',
    'https://user@storage.googleapis.com/a',
    'https://files.example/x',
    'https://169.254.169.254/latest',
    'file:///etc/passwd',
    '',
  ]) {
    assert.equal(isStorage(bad, place), false, bad);
  }
  assert.equal(isStorage('http://localhost:1/a', { baseUrl: 'http://127.0.0.1:2', storageHosts: ['localhost'] }), true);
  fc.assert(fc.property(fc.string(), (address) => isStorage(address, place) === false));
});

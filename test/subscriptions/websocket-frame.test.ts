import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameters } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { readBindingToken } from '../../src/subscriptions/websocket/binding-token.ts';
import { readFrame } from '../../src/subscriptions/websocket/frame.ts';
import { dueNow, TIMINGS } from '../../src/subscriptions/websocket/keep-alive.ts';
import { PAUSES, pauseAfter, wordsFor } from '../../src/subscriptions/websocket/pauses.ts';
import { note } from './doubles.ts';

const status = (type: string, subscription: string, more: object = {}) => ({
  resource: {
    resourceType: 'SubscriptionStatus',
    status: 'active',
    type,
    subscription: { reference: `Subscription/${subscription}` },
    ...more,
  },
});
const bundle = (...entry: unknown[]) => JSON.stringify({ resourceType: 'Bundle', type: 'history', entry });
const event = { notificationEvent: [{ eventNumber: '0', focus: { reference: 'DocumentReference/n1' } }] };

test('a handshake names the Subscription that is bound, a heartbeat all of them', () => {
  assert.deepEqual(readFrame(bundle(status('handshake', 's1'))), { kind: 'handshake', subscriptions: ['s1'] });
  assert.deepEqual(readFrame(bundle(status('heartbeat', 's1'), status('heartbeat', 's2'))), {
    kind: 'heartbeat',
    subscriptions: ['s1', 's2'],
  });
});

test('an event keeps its text as it came, and says what it is about', () => {
  const text = bundle(status('event-notification', 's1', event), { resource: note('n1', 'v7') });
  assert.deepEqual(readFrame(text), {
    kind: 'event',
    text,
    about: { type: 'DocumentReference', id: 'n1', version: 'v7' },
  });
  const bytes = new Uint8Array(Buffer.from(text));
  assert.deepEqual(readFrame(bytes.buffer), readFrame(text));
});

test('a Bundle of which nobody can say what it tells is an event: it may be news', () => {
  for (const text of [bundle(), bundle(null, 7), bundle(status('tea', 's1')), bundle({ resource: note('n1') })]) {
    assert.deepEqual(readFrame(text), { kind: 'event', text });
  }
});

test('a pong, an error and what is neither are told apart', () => {
  assert.deepEqual(readFrame('{"type":"pong"}'), { kind: 'pong' });
  assert.deepEqual(readFrame('{"resourceType":"OperationOutcome","issue":[]}'), { kind: 'error' });
  for (const odd of ['', '{', 'null', '[]', '7', '{"type":"tea"}', undefined, new Blob(['{}']), new ArrayBuffer(3)]) {
    assert.equal(readFrame(odd).kind, 'unknown');
  }
});

test('whatever comes over the socket, the reader does not throw', () => {
  const parts = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(status('heartbeat', 's1'), status('handshake', '../x'), event),
  );
  const frames = fc.oneof(
    fc.string(),
    fc.uint8Array().map((bytes) => bytes.buffer),
    fc.json(),
    fc.array(parts, { maxLength: 5 }).map((entries) => bundle(...entries)),
    fc.record({ resourceType: fc.constant('Bundle'), entry: fc.jsonValue() }).map((value) => JSON.stringify(value)),
    fc.jsonValue().map((resource) => bundle({ resource: { resourceType: 'SubscriptionStatus', type: resource } })),
  );
  fc.assert(
    fc.property(frames, (frame) => {
      const read = readFrame(frame);
      assert.ok(['pong', 'handshake', 'heartbeat', 'event', 'error', 'unknown'].includes(read.kind));
    }),
    { numRuns: 500 },
  );
});

const NOW = new Date('2026-03-01T10:00:00Z');
const answer = (fields: { token?: string; url?: string; expiration?: string }): Parameters => ({
  resourceType: 'Parameters',
  parameter: [
    ...(fields.token === undefined ? [] : [{ name: 'token', valueString: fields.token }]),
    { name: 'expiration', valueDateTime: fields.expiration ?? '2026-03-01T11:00:00Z' },
    ...(fields.url === undefined ? [] : [{ name: 'websocket-url', valueUrl: fields.url }]),
  ],
});

test('a binding token lives as long as the server says by its own clock, within reason', () => {
  const url = 'wss://sockets.example/ws';
  const secondsUntil = (expiration: string) =>
    readBindingToken(answer({ token: 't', url, expiration }), 'https://ehr.example/fhir', NOW).seconds;
  assert.equal(secondsUntil('2026-03-01T11:00:00Z'), 3600);
  assert.equal(secondsUntil('2026-03-01T12:00:00+01:00'), 3600);
  assert.equal(secondsUntil('2026-03-01T09:00:00Z'), 30);
  assert.equal(secondsUntil('2046-03-01T09:00:00Z'), 24 * 3600);
  assert.equal(secondsUntil('tomorrow'), 900);
});

test('a binding token goes to another host only over wss, and over ws only where the FHIR server is http', () => {
  const read = (url: string, base: string) => readBindingToken(answer({ token: 't', url }), base, NOW).url.href;
  assert.equal(read('wss://sockets.example/ws', 'https://ehr.example/fhir'), 'wss://sockets.example/ws');
  assert.equal(read('ws://127.0.0.1:8103/ws', 'http://127.0.0.1:8103/fhir'), 'ws://127.0.0.1:8103/ws');
  for (const url of [
    'ws://ehr.example/ws',
    'ws://sockets.example/ws',
    'https://ehr.example/ws',
    'wss://a:b@ehr.example/ws',
    '/ws',
    '',
  ]) {
    assert.throws(() => read(url, 'https://ehr.example/fhir'), { code: 'ehr-protocol' }, url);
  }
  assert.throws(() => readBindingToken(answer({ url: 'wss://x' }), 'https://x', NOW), { code: 'ehr-protocol' });
});

test('an answer of any shape gives a token or a named error', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const parameter: Parameters['parameter'] = JSON.parse(JSON.stringify(values));
      try {
        readBindingToken({ resourceType: 'Parameters', parameter }, 'https://ehr.example', NOW);
      } catch (thrown) {
        assert.ok(thrown instanceof AdapterError);
      }
    }),
  );
});

test('a ping is due now and then; a missing pong and heartbeats that stop mean the end', () => {
  const at = (seconds: number) => seconds * 1000;
  const signs = { pinged: 0, unanswered: undefined, heartbeat: undefined };
  assert.equal(dueNow(signs, at(4), TIMINGS), 'nothing');
  assert.equal(dueNow(signs, at(5), TIMINGS), 'ping');
  assert.equal(dueNow({ ...signs, pinged: at(10), unanswered: at(5) }, at(14), TIMINGS), 'nothing');
  assert.equal(dueNow({ ...signs, pinged: at(10), unanswered: at(5) }, at(15), TIMINGS), 'mute');
  assert.equal(dueNow({ ...signs, heartbeat: 0 }, at(180), TIMINGS), 'forgotten');
});

test('pauses grow to a minute with jitter, a refusal is asked about again every few minutes, Retry-After is kept', () => {
  const gone = new AdapterError('ehr-unreachable', 'gone');
  assert.deepEqual(
    [1, 2, 3, 7, 1000].map((failures) => pauseAfter(gone, failures, 1)),
    [1, 2, 4, 60, 60],
  );
  assert.equal(pauseAfter(gone, 1, 0), 0.5);
  const off = new AdapterError('ehr-rejected', 'refused', { status: 400 });
  assert.equal(pauseAfter(off, 1, 1), PAUSES.refused);
  assert.match(wordsFor(off), /400.*websocket-subscriptions/);
  assert.equal(pauseAfter(new AdapterError('ehr-busy', 'wait', { retryAfter: 90 }), 1, 0.5), 90);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { DocumentReference } from '@medplum/fhirtypes';
import { WebSocket } from 'ws';
import { fakeClock } from '../support/fake-clock.ts';
import { faultsOf, serveEhr, type TestEhr, until } from './serve-ehr.ts';

const NOTE: DocumentReference = {
  resourceType: 'DocumentReference',
  status: 'current',
  content: [{ attachment: { contentType: 'text/plain', data: 'SGVsbG8=' } }],
};
const WISH = {
  resourceType: 'Subscription',
  status: 'active',
  reason: 'test',
  criteria: 'DocumentReference',
  channel: { type: 'websocket' },
};

async function subscribe(served: TestEhr): Promise<{ id: string; token: string; url: string }> {
  const { id } = (await served.call('POST', '/Subscription', WISH)).json;
  const { parameter } = (await served.call('GET', `/Subscription/${id}/$get-ws-binding-token`)).json;
  const [token, expiration, url] = parameter;
  assert.equal(expiration.name, 'expiration');
  return { id, token: token.valueString, url: url.valueUrl };
}

// biome-ignore lint/suspicious/noExplicitAny: what a test looks into is whatever the server sent
type Frame = any;

async function open(t: TestContext, url: string) {
  const frames: Frame[] = [];
  const socket = new WebSocket(url);
  socket.on('message', (data) => {
    const text = String(data);
    frames.push(text.startsWith('{"') || text.startsWith('[') ? JSON.parse(text) : text);
  });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return {
    frames,
    socket,
    say: (message: object) => socket.send(JSON.stringify(message)),
    bind: (token: string) => socket.send(JSON.stringify({ type: 'bind-with-token', payload: { token } })),
    kinds: () => frames.map((frame) => frame.entry?.[0]?.resource?.type ?? frame.type ?? frame.resourceType),
  };
}

test('a Subscription for a WebSocket is in no search, and tells of everything that fits once it is bound', async (t) => {
  const served = await serveEhr(t);
  const { id, token, url } = await subscribe(served);
  assert.match(url, /^ws:.*\/ws\/subscriptions-r4$/);
  assert.equal((await served.call('GET', `/Subscription/${id}`)).status, 200);
  assert.equal((await served.call('GET', '/Subscription')).json.entry?.length ?? 0, 0);
  const { bind, say, frames, kinds } = await open(t, url);
  await served.ehr.create(NOTE);
  bind(token);
  await until(() => frames.length === 1);
  const note = await served.ehr.create(NOTE);
  await served.ehr.remove('DocumentReference', note.id);
  say({ type: 'ping' });
  await until(() => frames.length === 4);
  served.ehr.webSockets.heartbeat();
  await until(() => frames.length === 5);
  assert.deepEqual(kinds().sort(), ['event-notification', 'event-notification', 'handshake', 'heartbeat', 'pong']);
  const events = frames.filter((frame) => frame.entry?.[0]?.resource?.type === 'event-notification');
  for (const { entry } of events) {
    assert.equal(entry[0].resource.notificationEvent[0].eventNumber, '0');
    assert.equal(entry[1].resource.id, note.id);
  }
});

test('a Subscription dies with its socket, and when it is unbound', async (t) => {
  const served = await serveEhr(t);
  const first = await subscribe(served);
  const { bind, frames, socket } = await open(t, first.url);
  bind(first.token);
  await until(() => frames.length === 1);
  socket.terminate();
  await until(() => served.ehr.webSockets.count().bound === 0);
  assert.equal((await served.call('GET', `/Subscription/${first.id}/$get-ws-binding-token`)).status, 400);

  const second = await subscribe(served);
  const other = await open(t, second.url);
  other.bind(second.token);
  await until(() => other.frames.length === 1);
  other.say({ type: 'unbind-from-token', payload: { token: second.token } });
  await until(() => served.ehr.webSockets.count().bound === 0);
  assert.equal((await served.call('GET', `/Subscription/${second.id}`)).status, 404);
});

test('a token that has ended binds nothing, and what it bound tells nothing more', async (t) => {
  const clock = fakeClock();
  const served = await serveEhr(t, { now: clock.now, webSocket: { tokenSeconds: 60 } });
  const { token, url } = await subscribe(served);
  const { bind, frames, kinds } = await open(t, url);
  bind(token);
  await until(() => frames.length === 1);
  clock.advance(61);
  await served.ehr.create(NOTE);
  await until(() => served.ehr.webSockets.count().bound === 0);
  bind(token);
  bind('nonsense');
  await until(() => frames.length === 3);
  assert.deepEqual(kinds(), ['handshake', 'OperationOutcome', 'OperationOutcome']);
});

test('with the feature off neither a Subscription nor a token is given; HAPI knows nothing of either', async (t) => {
  const served = await serveEhr(t);
  const { id } = await subscribe(served);
  served.ehr.webSockets.enable(false);
  const refused = await served.call('GET', `/Subscription/${id}/$get-ws-binding-token`);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /not enabled/);
  assert.equal((await served.call('POST', '/Subscription', WISH)).status, 400);
  const hapi = await serveEhr(t, { manner: 'hapi' });
  const stored = await hapi.call('POST', '/Subscription', WISH);
  const answer = await hapi.call('GET', `/Subscription/${stored.json.id}/$get-ws-binding-token`);
  assert.ok(answer.status >= 400);
});

test('each fault of the WebSockets happens as often as it was set', async (t) => {
  const faults = faultsOf();
  const served = await serveEhr(t, { faults });
  assert.ok(faults.described.includes('websocket-dropped'));
  const { id, token, url } = await subscribe(served);
  faults.set('websocket-token-refused');
  assert.equal((await served.call('GET', `/Subscription/${id}/$get-ws-binding-token`)).status, 503);
  const { bind, frames, kinds, socket } = await open(t, url);
  faults.set('websocket-bind-refused');
  bind(token);
  bind(token);
  await until(() => frames.length === 2);
  assert.deepEqual(kinds(), ['OperationOutcome', 'handshake']);
  faults.set('websocket-lost');
  faults.set('websocket-odd-frames');
  await served.ehr.create(NOTE);
  await served.ehr.create(NOTE);
  await until(() => kinds().at(-1) === 'event-notification');
  assert.equal(kinds().filter((kind) => kind === 'event-notification').length, 1);
  assert.ok(frames.length > 5);
  const closed = once(socket, 'close');
  faults.set('websocket-dropped');
  await served.ehr.create(NOTE);
  await closed;
});

test('another path is no WebSocket', async (t) => {
  const served = await serveEhr(t);
  const socket = new WebSocket(`${served.origin.replace('http', 'ws')}/elsewhere`);
  const [error] = await once(socket, 'error');
  assert.match(String(error), /404/);
});

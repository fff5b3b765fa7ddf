import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capabilities } from '../../src/fhir/types.ts';
import { PROFILE } from '../../src/subscriptions/register/backport.ts';
import { recognise } from '../../src/subscriptions/register/manner.ts';
import { instructionLines } from '../../src/subscriptions/register/site-words.ts';
import { registerSubscriptions } from '../../src/subscriptions/register.ts';
import { SECRET } from './doubles.ts';
import { activated, capabilities, registerOptions, subscriptionServer } from './subscription-server.ts';

function topicServer(software: string, changes: Partial<Capabilities> = {}): Capabilities {
  const can = capabilities(software, { topics: ['http://x.example/topic'], ...changes });
  const [subscription] = Object.values(can.types);
  assert.ok(subscription);
  return { ...can, types: { Subscription: { ...subscription, profiles: [`${PROFILE}|1.1.0`] } } };
}

test('auto: by software first, then by version, then by what the server says of topics', () => {
  assert.equal(recognise(capabilities('medplum 5.0.10')), 'medplum');
  assert.equal(recognise(capabilities('Firely Server 6.1')), 'firely');
  assert.equal(recognise(capabilities('HAPI FHIR Server', { fhirVersion: '5.0.0' })), 'r5');
  assert.equal(recognise(topicServer('Some EHR')), 'backport');
  assert.equal(recognise(topicServer('Some EHR', { fhirVersion: '4.3.0' })), 'backport');
  // Criteria work on HAPI, its R4 topics are known never to fire.
  assert.equal(recognise(topicServer('HAPI FHIR Server 8.10.0')), 'hapi');
  assert.equal(recognise(capabilities('Some EHR', { topics: ['http://x.example/topic'] })), 'hapi');
  assert.equal(recognise(capabilities('Some EHR')), 'hapi');
});

test('Medplum: an older server, which honours one interaction only, is given none and so tells of all', async () => {
  const named = async (software: string) => {
    const { client, all } = subscriptionServer(software);
    await registerSubscriptions(registerOptions(client));
    return all()[0]?.extension?.flatMap(({ valueCode }) => valueCode ?? []);
  };
  const every = ['create', 'update', 'delete'];
  assert.deepEqual(await named('medplum 5.0.10-1a2b3c4'), []);
  assert.deepEqual(await named('medplum 4.5.2'), []);
  assert.deepEqual(await named('medplum 5.2.13'), every);
  assert.deepEqual(await named('medplum 5.10.0'), every);
  assert.deepEqual(await named('medplum 6.0.0'), every);
  assert.deepEqual(await named('medplum'), every);
});

test('Medplum and topics are not given words that they would answer false to in silence', async () => {
  const routes = [{ id: 'r', on: 'ServiceRequest?status=active&code=1&subject.name=x', vendor: 'healthsage' }];
  const criteria = async (software: string) => {
    const { client, all } = subscriptionServer(software, { change: activated });
    await registerSubscriptions(registerOptions(client, {}, routes));
    return all()[0]?.criteria;
  };
  assert.equal(await criteria('medplum 5.2.13'), 'ServiceRequest?code=1');
  assert.equal(await criteria('HAPI FHIR Server'), 'ServiceRequest?code=1&subject.name=x');
});

test('Firely: nothing is posted to the FHIR endpoint, where it would never fire; the administrator is told where', async () => {
  const { client, writes } = subscriptionServer('Firely Server 6.1');
  const result = await registerSubscriptions(registerOptions(client));
  assert.deepEqual([writes(), result.problem, result.instructions.length], [[], undefined, 1]);
  const lines = instructionLines(result).join('\n');
  assert.match(lines, /https:\/\/ehr\.example\/administration\/Subscription/);
  assert.match(lines, /"criteria": "DocumentReference\?type=/);
  assert.doesNotMatch(lines, new RegExp(SECRET));
});

test('where we may not register, what has to be created is shown for every manner, without the secret', async () => {
  const topics = { DocumentReference: 'http://x.example/topic' };
  const shown = async (subscriptions: object) => {
    const { client, writes } = subscriptionServer('Some EHR');
    const result = await registerSubscriptions(registerOptions(client, { register: false, ...subscriptions }));
    assert.deepEqual([writes(), result.problem], [[], undefined]);
    const lines = instructionLines(result).join('\n');
    assert.doesNotMatch(lines, new RegExp(SECRET));
    return lines;
  };
  assert.match(await shown({ dialect: 'medplum' }), /subscription-max-attempts/);
  assert.match(await shown({ dialect: 'hapi' }), /subscription-send-delete-messages/);
  assert.match(await shown({ dialect: 'backport', topics }), /X-Hub-Secret[\s\S]*backport-payload-content/);
  assert.match(await shown({ dialect: 'r5', topics }), /"topic": "http:\/\/x\.example\/topic"/);
  const unknown = await shown({ dialect: 'r5' });
  assert.match(unknown, /set subscriptions\.topics\.DocumentReference/);
  assert.match(unknown, /"topic": "<the canonical URL of the topic of DocumentReference>"/);
});

test('over a WebSocket nothing is registered, and that is no problem', async () => {
  const { client, writes } = subscriptionServer('medplum 5.2.13');
  const options = registerOptions(client, { channel: 'websocket' });
  const result = await registerSubscriptions({ ...options, publicUrl: undefined });
  assert.deepEqual([writes(), result.problem, result.subscriptions], [[], undefined, []]);
});

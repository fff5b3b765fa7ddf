import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bundle, Task } from '@medplum/fhirtypes';
import { clientOf, FHIR, failure, outcome, serve } from './client-support.ts';

const task: Task = { resourceType: 'Task', status: 'received', intent: 'filler-order' };

test('a create sends If-None-Exist and gives what the server made of it', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', (req, res) => {
      const sent: unknown = JSON.parse(String(req.body));
      res
        .status(201)
        .set('ETag', 'W/"1"')
        .type(FHIR)
        .send({ ...Object(sent), id: '12' });
    });
  });
  const { client } = clientOf(t, server.origin);
  const made = await client.create(task, { ifNoneExist: 'identifier=urn:x|1' });
  assert.deepEqual([made.id, made.meta?.versionId, made.status], ['12', '1', 'received']);
  assert.equal(server.seen[0]?.headers['if-none-exist'], 'identifier=urn:x|1');
  assert.equal(server.seen[0]?.headers['content-type'], FHIR);
});

test('a write answered without the resource is read back', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', (req, res) => {
      // Behind a proxy the host of Location is often the server's own name.
      res.status(201).set('Location', 'http://internal:8080/hapi/Task/12/_history/1');
      if (req.headers['if-none-exist']) {
        res.type(FHIR).send(outcome('created'));
      } else {
        res.end();
      }
    });
    app.put('/fhir/Task/12', (_req, res) => void res.status(304).end());
    app.get(
      '/fhir/Task/12',
      (_req, res) =>
        void res
          .set('ETag', 'W/"3"')
          .type(FHIR)
          .send({ ...task, id: '12' }),
    );
  });
  const { client } = clientOf(t, server.origin);
  for (const made of [
    await client.create(task),
    await client.create(task, { ifNoneExist: 'identifier=1' }),
    await client.update({ ...task, id: '12' }),
  ]) {
    assert.deepEqual([made.id, made.meta?.versionId], ['12', '3']);
  }
});

test('a write of which nobody says what became is ambiguous', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', (req, res) => {
      res.status(201);
      if (req.headers['if-none-exist']) {
        res.set('Location', 'Task/12');
      }
      res.end();
    });
    app.get('/fhir/Task/12', (_req, res) => void res.status(403).end());
  });
  const { client } = clientOf(t, server.origin);
  for (const options of [{}, { ifNoneExist: 'identifier=1' }]) {
    const error = await failure(client.create(task, options));
    assert.deepEqual([error.code, error.kind], ['ehr-protocol', 'ambiguous']);
  }
});

test('an update sends If-Match; 409 and 412 are conflicts', async (t) => {
  const statuses = [412, 409];
  const server = await serve(t, (app) => {
    app.put(
      '/fhir/Task/12',
      (_req, res) =>
        void res
          .status(statuses.shift() ?? 200)
          .type(FHIR)
          .send(outcome('x')),
    );
  });
  const { client } = clientOf(t, server.origin);
  for (const status of [412, 409]) {
    const error = await failure(client.update({ ...task, id: '12' }, { ifMatch: '4' }));
    assert.deepEqual([error.code, error.kind, error.status], ['ehr-conflict', 'transient', status]);
  }
  assert.equal(server.seen[0]?.headers['if-match'], 'W/"4"');
});

test('what the server says against a write stays with the error, out of its message', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', (_req, res) => void res.status(422).type(FHIR).send(outcome('Ann Example is unknown')));
  });
  const { client } = clientOf(t, server.origin);
  const error = await failure(client.create(task));
  assert.deepEqual([error.code, error.kind, error.remedy, error.status], ['ehr-rejected', 'permanent', 'fail', 422]);
  assert.equal(error.outcome?.issue[0]?.diagnostics, 'Ann Example is unknown');
  assert.doesNotMatch(JSON.stringify({ ...error }) + error.message + error.orderer, /Ann/);
});

test('a write that may have been done is sent exactly once and is ambiguous', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', () => {});
    app.post('/fhir/Device', (req) => void req.socket.destroy());
    app.post('/fhir', (_req, res) => void res.status(502).type('html').send('<h1>Bad gateway</h1>'));
    app.put('/fhir/Task/12', (_req, res) => void res.status(500).end());
    app.delete('/fhir/Task/12', (_req, res) => void res.status(503).end());
  });
  const { client, waits } = clientOf(t, server.origin, { timeout: 0.2 });
  const bundle: Bundle = { resourceType: 'Bundle', type: 'transaction' };
  const errors = [
    await failure(client.create(task)),
    await failure(client.create({ resourceType: 'Device' })),
    await failure(client.submit(bundle)),
    await failure(client.update({ ...task, id: '12' }, { ifMatch: '1' })),
    await failure(client.remove('Task', '12')),
  ];
  assert.deepEqual(
    errors.map((error) => `${error.code} ${error.kind}`),
    [
      'ehr-timeout ambiguous',
      'ehr-timeout ambiguous',
      'ehr-error ambiguous',
      'ehr-error ambiguous',
      'ehr-error ambiguous',
    ],
  );
  assert.equal(server.seen.length, 5);
  assert.deepEqual(waits, []);
});

test('a write answered 429 was not done: the caller comes back later', async (t) => {
  const server = await serve(t, (app) => {
    app.post('/fhir/Task', (_req, res) => void res.status(429).set('RateLimit', '"requests";r=0;t=5').end());
  });
  const { client } = clientOf(t, server.origin);
  const error = await failure(client.create(task));
  assert.deepEqual([error.code, error.kind, error.retryAfter], ['ehr-busy', 'transient', 5]);
  assert.equal(server.seen.length, 1);
});

test('removing what is gone already is fine', async (t) => {
  const statuses = [204, 200, 404, 410];
  const server = await serve(t, (app) => {
    app.delete('/fhir/Device/1', (_req, res) => void res.status(statuses.shift() ?? 500).end());
  });
  const { client } = clientOf(t, server.origin);
  for (let times = 0; times < 4; times += 1) {
    await client.remove('Device', '1');
  }
  assert.equal(server.seen.length, 4);
});

test('a batch of reads may be sent again, a transaction not', async (t) => {
  let first = true;
  const server = await serve(t, (app) => {
    app.post('/fhir', (_req, res) => {
      res
        .status(first ? 503 : 200)
        .type(FHIR)
        .send({ resourceType: 'Bundle', type: 'batch-response' });
      first = false;
    });
  });
  const { client } = clientOf(t, server.origin);
  const entry = [{ request: { method: 'GET' as const, url: 'Patient/1' } }];
  const answer = await client.submit({ resourceType: 'Bundle', type: 'batch', entry });
  assert.equal(answer.type, 'batch-response');
  first = true;
  const error = await failure(client.submit({ resourceType: 'Bundle', type: 'transaction', entry }));
  assert.equal(error.kind, 'ambiguous');
  assert.equal(server.seen.length, 3);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import type { Bundle, Task } from '@medplum/fhirtypes';
import { clientOf, FHIR, failure, outcome, serve } from './client-support.ts';

async function all(pages: AsyncIterable<Bundle>): Promise<Bundle[]> {
  const found: Bundle[] = [];
  for await (const page of pages) {
    found.push(page);
  }
  return found;
}

test('reads a resource, with its version from the ETag where it has none itself', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => {
      res.set('ETag', 'W/"7"').type(FHIR).send({ resourceType: 'Task', id: '1' });
    });
  });
  const { client } = clientOf(t, server.origin);
  const task = await client.read<Task>('Task', '1');
  assert.equal(task?.meta?.versionId, '7');
  assert.equal(server.seen[0]?.headers.accept, FHIR);
});

test('an R4B server that names its version in the content type is understood', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => {
      res.set('Content-Type', 'application/fhir+json; fhirVersion=4.3; charset=utf-8');
      res.end('{"resourceType":"Task","id":"1"}');
    });
  });
  const { client } = clientOf(t, server.origin);
  assert.equal((await client.read('Task', '1'))?.id, '1');
  // A version asked for would be refused by servers that know one only.
  assert.equal(server.seen[0]?.headers.accept, 'application/fhir+json');
});

test('404 and 410 mean not there, but not the 404 page of a proxy without its server', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/none', (_req, res) => void res.status(404).type(FHIR).send(outcome('not found')));
    app.get('/fhir/Task/bare', (_req, res) => void res.status(404).end());
    app.get('/fhir/Task/gone', (_req, res) => void res.status(410).end());
    app.get('/fhir/Task/page', (_req, res) => void res.status(404).type('text').send('default backend - 404'));
  });
  const { client } = clientOf(t, server.origin);
  for (const id of ['none', 'bare', 'gone']) {
    assert.equal(await client.read('Task', id), undefined);
  }
  const error = await failure(client.read('Task', 'page'));
  assert.deepEqual([error.code, error.kind], ['ehr-protocol', 'transient']);
});

test('what is not the resource asked for is a protocol error', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/login', (_req, res) => void res.type('html').send('<html>sign in as Ann Example</html>'));
    app.get('/fhir/Task/other', (_req, res) => void res.type(FHIR).send({ resourceType: 'Patient' }));
    app.get('/fhir/Task/broken', (_req, res) => void res.type(FHIR).send('{"resourceType":'));
  });
  const { client } = clientOf(t, server.origin);
  for (const id of ['login', 'other', 'broken']) {
    const error = await failure(client.read('Task', id));
    assert.equal(error.code, 'ehr-protocol');
    assert.doesNotMatch(error.message, /Ann|Patient/);
  }
});

test('a search asks for no cached result and encodes what Tomcat refuses', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task', (_req, res) => void res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset' }));
  });
  const { client } = clientOf(t, server.origin);
  await client.search('Task?identifier=urn:x|1&code=a\\,b');
  assert.equal(server.seen[0]?.url, '/fhir/Task?identifier=urn:x%7C1&code=a%5C,b');
  assert.equal(server.seen[0]?.headers['cache-control'], 'no-cache');
});

test('pages follow next links verbatim, through an empty page', async (t) => {
  const server = await serve(t, (app, self) => {
    app.get('/fhir', (req, res) => {
      const page = String(req.query._getpages);
      const link = page === 'a|b' ? [{ relation: 'next', url: `${self.origin}/fhir?_getpages=2` }] : [];
      res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset', link, entry: [] });
    });
    app.get('/fhir/Task', (_req, res) => {
      const link = [{ relation: 'next', url: `${self.origin}/fhir?_getpages=a%7Cb` }];
      res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset', link });
    });
  });
  const { client } = clientOf(t, server.origin);
  const found = await all(client.pages('Task?status=requested'));
  assert.equal(found.length, 3);
  assert.equal(server.seen[1]?.url, '/fhir?_getpages=a%7Cb');
});

test('a next link on another origin or outside the base is not followed, and no token reaches it', async (t) => {
  const other = await serve(t, (app) => {
    app.use((_req, res) => void res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset' }));
  });
  const server = await serve(t, (app, self) => {
    app.get('/fhir/Task', (req, res) => {
      const url = req.query.to === 'other' ? `${other.origin}/fhir/Task?page=2` : `${self.origin}/fhirbase/Task`;
      res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset', link: [{ relation: 'next', url }] });
    });
  });
  const { client } = clientOf(t, server.origin, { auth: { type: 'bearer', token: 'secret-token' } });
  for (const query of ['Task?to=other', 'Task?to=outside']) {
    const error = await failure(all(client.pages(query)));
    assert.equal(error.code, 'ehr-protocol');
  }
  assert.equal(other.seen.length, 0);
  assert.equal(server.seen.length, 2);
});

test('next links in a circle end', async (t) => {
  const server = await serve(t, (app, self) => {
    app.get('/fhir/Task', (_req, res) => {
      const link = [{ relation: 'next', url: `${self.origin}/fhir/Task?page=2` }];
      res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset', link });
    });
  });
  const { client } = clientOf(t, server.origin);
  assert.equal((await failure(all(client.pages('Task')))).code, 'ehr-protocol');
});

test('a read is tried again with growing waits, and given up with the class of the last answer', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => void res.status(503).end());
    app.get('/fhir/Task/2', (_req, res) => void res.status(500).type(FHIR).send(outcome('Ann Example')));
  });
  const { client, waits } = clientOf(t, server.origin);
  const error = await failure(client.read('Task', '1'));
  assert.deepEqual([error.code, error.kind, error.status], ['ehr-error', 'transient', 503]);
  assert.deepEqual(waits, [250, 500, 1000]);
  assert.equal(server.seen.length, 4);

  const internal = await failure(client.read('Task', '2'));
  assert.equal(server.seen.length, 6, 'a 500 is tried twice');
  assert.equal(internal.outcome?.issue[0]?.diagnostics, 'Ann Example');
  assert.doesNotMatch(JSON.stringify(internal) + internal.message, /Ann/);
});

test('Retry-After and RateLimit are honoured in full, by waiting or by telling the caller', async (t) => {
  const answers: Record<string, string>[] = [
    { 'Retry-After': '3' },
    { RateLimit: '"requests";r=0;t=7, "fhirInteractions";r=49894;t=60' },
    { RateLimit: '"requests";r=59999;t=60, "fhirInteractions";r=0;t=45' },
  ];
  const server = await serve(t, (app) => {
    app.get(
      '/fhir/Task/1',
      (_req, res) =>
        void res
          .status(429)
          .set(answers.shift() ?? {})
          .end(),
    );
  });
  const { client, waits } = clientOf(t, server.origin);
  const error = await failure(client.read('Task', '1'));
  assert.deepEqual(waits, [3125, 7125]);
  assert.deepEqual([error.code, error.retryAfter], ['ehr-busy', 45]);
});

for (const [status, header, value] of [
  [429, 'RateLimit', '"requests";r=0;t=60'],
  [429, 'Retry-After', '60'],
  [429, 'Retry-After', 'Thu, 01 Jan 2026 00:01:00 GMT'],
  [503, 'Retry-After', '60'],
] as const) {
  test(`${status} with ${header}: ${value} is for every request to that server, until its time is over`, async (t) => {
    let busy = true;
    const server = await serve(t, (app) => {
      app.use('/fhir/:type', (req, res) => {
        const resource = { resourceType: req.params.type, id: '1' };
        return busy ? res.status(status).set(header, value).end() : res.type(FHIR).send(resource);
      });
    });
    const start = Date.parse('2026-01-01T00:00:00Z');
    let time = start;
    const { client, waits } = clientOf(t, server.origin, {}, { now: () => new Date(time) });
    const first = await failure(client.read('Task', '1'));
    assert.deepEqual([first.code, first.kind, first.retryAfter], ['ehr-busy', 'transient', 60]);
    time += 20_000;
    const second = await failure(client.create({ resourceType: 'Device' }));
    assert.deepEqual([second.code, second.kind, second.retryAfter], ['ehr-busy', 'transient', 40]);
    assert.equal(server.seen.length, 1, 'the second one was not sent');
    busy = false;
    time = start + 55_000;
    assert.equal((await client.read('Task', '1'))?.id, '1');
    assert.deepEqual(waits, [5125], 'what is left is little enough to be waited out');
    time = start + 61_000;
    await client.read('Task', '1');
    assert.equal(waits.length, 1);
  });
}

test('a server that does not answer is a transient time-out of a read, tried twice', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', () => {});
  });
  const { client } = clientOf(t, server.origin, { timeout: 0.1 });
  const error = await failure(client.read('Task', '1'));
  assert.deepEqual([error.code, error.kind], ['ehr-timeout', 'transient']);
  assert.equal(server.seen.length, 2);
});

test('the time limit covers the body too', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => {
      res.type(FHIR).write('{"resourceType":');
      const drip = setInterval(() => res.write(' '), 20);
      res.on('close', () => clearInterval(drip));
    });
  });
  const { client } = clientOf(t, server.origin, { timeout: 0.15 });
  assert.equal((await failure(client.read('Task', '1'))).code, 'ehr-timeout');
});

test('a server that is not there is unreachable', async (t) => {
  const gone = createServer();
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const address = gone.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  gone.close();
  await once(gone, 'close');
  const { client, waits } = clientOf(t, `http://127.0.0.1:${port}`);
  const error = await failure(client.create({ resourceType: 'Device' }));
  assert.deepEqual([error.code, error.kind], ['ehr-unreachable', 'transient']);
  assert.equal(waits.length, 3, 'what was never sent may be sent again, a POST too');
});

test('an endless answer is cut off at the size limit', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => {
      res.type(FHIR);
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(65536, 32))) {}
      };
      res.on('drain', more);
      more();
    });
  });
  const { client } = clientOf(t, server.origin, {}, { limit: 200_000 });
  const error = await failure(client.read('Task', '1'));
  assert.deepEqual([error.code, error.kind], ['ehr-protocol', 'permanent']);
});

test('redirects are followed within the base only', async (t) => {
  const other = await serve(t, (app) => {
    app.use((_req, res) => void res.type(FHIR).send({ resourceType: 'Task', id: '1' }));
  });
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/home', (_req, res) => void res.redirect(302, '/fhir/Task/1'));
    app.get('/fhir/Task/1', (_req, res) => void res.type(FHIR).send({ resourceType: 'Task', id: '1' }));
    app.get('/fhir/Task/away', (_req, res) => void res.redirect(307, `${other.origin}/fhir/Task/1`));
    app.get('/fhir/Task/circle', (_req, res) => void res.redirect(301, '/fhir/Task/circle'));
    app.post('/fhir/Task', (_req, res) => void res.redirect(308, '/fhir/Task/1'));
  });
  const { client } = clientOf(t, server.origin, { auth: { type: 'bearer', token: 'secret-token' } });
  assert.equal((await client.read<Task>('Task', 'home'))?.id, '1');
  assert.equal((await failure(client.read('Task', 'away'))).code, 'ehr-protocol');
  assert.equal((await failure(client.read('Task', 'circle'))).code, 'ehr-protocol');
  const write = await failure(client.create({ resourceType: 'Task', status: 'draft', intent: 'order' }));
  assert.deepEqual([write.code, write.kind], ['ehr-protocol', 'permanent']);
  assert.equal(other.seen.length, 0);
});

test('closing ends a wait at once', async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/Task/1', (_req, res) => void res.status(503).end());
  });
  let waiting = () => {};
  const begun = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  const { client } = clientOf(
    t,
    server.origin,
    {},
    {
      wait: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
          waiting();
        }),
    },
  );
  const reading = failure(client.read('Task', '1'));
  await begun;
  await client.close();
  assert.equal((await reading).code, 'shutting-down');
  assert.equal((await failure(client.read('Task', '1'))).code, 'shutting-down');
});

test("the server's clock comes from its Date header, whatever the status", async (t) => {
  const server = await serve(t, (app) => {
    app.get('/fhir/metadata', (_req, res) => {
      res.set('Date', 'Sun, 06 Nov 1994 08:49:37 GMT').status(401).end();
    });
  });
  const { client } = clientOf(t, server.origin);
  assert.equal((await client.serverTime()).toISOString(), '1994-11-06T08:49:37.000Z');
});

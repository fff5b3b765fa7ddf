import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { parseCapabilities } from '../../src/fhir/capabilities.ts';
import { clientOf, FHIR, failure, outcome, type Server, serve } from './client-support.ts';

const statement = {
  resourceType: 'CapabilityStatement',
  fhirVersion: '4.0.1',
  software: { name: 'Example EHR', version: '7.2' },
  rest: [
    {
      mode: 'server',
      interaction: [{ code: 'transaction' }, { code: 'batch' }],
      resource: [
        {
          type: 'Device',
          interaction: [{ code: 'read' }, { code: 'create' }],
          versioning: 'versioned-update',
          conditionalCreate: true,
          searchParam: [{ name: 'identifier', type: 'token' }],
        },
        { type: 'Task' },
      ],
    },
  ],
};

interface Fake {
  server: Server;
  devices: Map<string, unknown>;
}

/** A server with Devices whose transactions end as `manner` says. */
async function fakeEhr(t: TestContext, manner: 'atomic' | 'batch' | 'half' | 'vague' | 'refusing'): Promise<Fake> {
  const devices = new Map<string, unknown>();
  const keep = (resource: object, id = `d${devices.size + 1}`) => {
    devices.set(id, { ...resource, id });
    return id;
  };
  const server = await serve(t, (app) => {
    app.get('/fhir/metadata', (_req, res) => void res.type(FHIR).send(statement));
    app.post('/fhir', (req, res) => {
      const first = Object(JSON.parse(String(req.body))).entry[0].resource;
      if (manner === 'batch' || manner === 'half') {
        const location = `Device/${keep(first)}/_history/1`;
        const entry = [{ response: { status: '201', location } }, { response: { status: '412' } }];
        res.status(manner === 'half' ? 412 : 200).type(FHIR);
        res.send(manner === 'half' ? outcome('') : { resourceType: 'Bundle', type: 'transaction-response', entry });
      } else {
        res
          .status(manner === 'atomic' ? 412 : 400)
          .type(FHIR)
          .send(outcome(''));
      }
    });
    app.post('/fhir/Device', (req, res) => {
      if (manner === 'refusing') {
        res.status(422).type(FHIR).send(outcome('no Devices here'));
        return;
      }
      const id = keep(Object(JSON.parse(String(req.body))));
      res.status(201).type(FHIR).send(devices.get(id));
    });
    app.get('/fhir/Device', (_req, res) => {
      // Ignores its search words: what is not the probe's own must survive.
      const entry = [...devices.values()].map((resource) => ({ resource }));
      res.type(FHIR).send({ resourceType: 'Bundle', type: 'searchset', entry });
    });
    app.delete('/fhir/Device/:id', (req, res) => void res.status(devices.delete(req.params.id) ? 204 : 404).end());
  });
  devices.set('theirs', { resourceType: 'Device', id: 'theirs', identifier: [{ value: 'pump' }] });
  return { server, devices };
}

for (const [manner, atomic] of [
  ['atomic', true],
  ['vague', true],
  ['batch', false],
  ['half', false],
  ['refusing', false],
] as const) {
  test(`the probe of a server in the manner "${manner}" says ${atomic} and leaves nothing behind`, async (t) => {
    const { server, devices } = await fakeEhr(t, manner);
    const { client } = clientOf(t, server.origin);
    const [one, two] = await Promise.all([client.capabilities(), client.capabilities()]);
    assert.equal(one.atomic, atomic);
    assert.equal(one, two);
    assert.equal(server.seen.filter(({ url, method }) => method === 'POST' && url === '/fhir').length, 1);
    assert.deepEqual([...devices.keys()], ['theirs']);
    assert.doesNotMatch(server.seen.map(({ body }) => body).join(), /Patient/);
  });
}

test('capabilities are kept for an hour, the probe for good, and a failed refresh changes nothing', async (t) => {
  const { server } = await fakeEhr(t, 'atomic');
  let time = 0;
  const { client } = clientOf(t, server.origin, {}, { now: () => new Date(time) });
  const first = await client.capabilities();
  assert.deepEqual(
    [first.software, first.transaction, first.types.Device?.conditionalCreate, first.types.Device?.searchParams],
    ['Example EHR 7.2', true, true, ['identifier']],
  );
  const before = server.seen.length;
  time = 3_599_000;
  await client.capabilities();
  assert.equal(server.seen.length, before);
  time = 3_601_000;
  assert.equal((await client.capabilities()).atomic, true);
  assert.equal(server.seen.length, before + 1, 'only metadata is asked again');
});

test('a server without a statement gets workable defaults; one that is down an error', async (t) => {
  let status = 404;
  const server = await serve(t, (app) => {
    app.get('/fhir/metadata', (_req, res) => void res.status(status).type('html').send('<h1>What?</h1>'));
  });
  const { client } = clientOf(t, server.origin);
  const assumed = await client.capabilities();
  assert.deepEqual([assumed.transaction, assumed.atomic], [false, false]);
  assert.ok(assumed.types.Task?.interactions.includes('create'));
  assert.equal(server.seen.length, 1, 'nothing is probed');

  status = 503;
  const { client: other } = clientOf(t, server.origin);
  assert.equal((await failure(other.capabilities())).code, 'ehr-error');
});

test('a statement is read leniently', () => {
  const odd = parseCapabilities({
    fhirVersion: 4,
    software: 'HAPI',
    rest: [
      { interaction: 'all', resource: [null, { type: 'Task', interaction: [{}, { code: 'read' }] }, { type: 7 }] },
    ],
  });
  assert.deepEqual([odd.fhirVersion, odd.software, odd.transaction], ['4.0.1', undefined, false]);
  assert.deepEqual(Object.keys(odd.types), ['Task']);
  assert.deepEqual(odd.types.Task?.interactions, ['read']);
});

test('no JSON whatsoever breaks the reading of a statement', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ rest: fc.array(fc.jsonValue()) })), (value) => {
      const read = parseCapabilities(value);
      return !read.atomic && Object.keys(read.types).length > 0;
    }),
  );
});

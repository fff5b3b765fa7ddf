import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { admitOrder } from '../../src/orders/store/admit-order.ts';
import { startCall } from '../../src/orders/store/calls.ts';
import { holdCredential } from '../../src/orders/store/credentials.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { type CdsRig, type CdsWish, cdsRig, NOTE, order, SMEAR, signing } from './cds-rig.ts';

const card = z.strictObject({
  summary: z.string().min(1).max(139),
  detail: z.string().min(1),
  indicator: z.enum(['info', 'warning', 'critical']),
  source: z.strictObject({ label: z.string().min(1) }),
});
const cards = z.strictObject({ cards: z.array(card) });
const outcome = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.tuple([z.object({ code: z.string(), details: z.object({ text: z.string() }) })]),
});
const discovery = z.strictObject({
  services: z.array(
    z.object({
      hook: z.string(),
      id: z.string(),
      title: z.string(),
      description: z.string(),
      prefetch: z.looseObject({}),
    }),
  ),
});

const picture = { supportingInfo: [{ reference: 'Media/m1' }] };
const consents = (...provisions: object[]) => ({
  resourceType: 'Bundle',
  type: 'searchset',
  entry: provisions.map((provision) => ({
    resource: { resourceType: 'Consent', status: 'active', patient: { reference: 'Patient/p1' }, provision },
  })),
});

onEveryDatabase('CDS services', ({ open }) => {
  let rig: CdsRig | undefined;
  let database: Database;
  /** A second one in the same test has the same database. */
  const build = async (wish: CdsWish = {}): Promise<CdsRig> => {
    await rig?.close();
    rig = await cdsRig(database, wish);
    return rig;
  };
  const told = async (it: CdsRig, body: object, service = 'order-sign') => {
    const answer = await it.post(service, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    return cards.parse(answer.json).cards;
  };
  const summaries = async (it: CdsRig, body: object, service?: string) =>
    (await told(it, body, service)).map(({ summary }) => summary);

  beforeEach(async () => {
    database = await open();
  });
  afterEach(async () => {
    await rig?.close();
    rig = undefined;
    await database.close();
  });

  test('are discovered where they are configured, by any browser, and are not there elsewhere', async () => {
    const it = await build();
    const found = await it.ask('/sites/general/cds-services');
    assert.equal(found.status, 200);
    assert.equal(found.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(
      discovery.parse(found.json).services.map(({ hook, id }) => `${hook} ${id}`),
      ['order-sign order-sign', 'order-dispatch order-dispatch'],
    );
    for (const site of ['without', 'nowhere']) {
      for (const path of ['', '/order-sign']) {
        const method = path ? 'POST' : 'GET';
        const answer = await it.ask(`/sites/${site}/cds-services${path}`, { method });
        assert.equal(answer.status, 404);
        outcome.parse(answer.json);
      }
    }
    assert.equal((await it.post('patient-view', signing([]))).status, 404);
    const preflight = await it.ask('/sites/general/cds-services/order-sign', { method: 'OPTIONS' });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization, Content-Type/);
    const wrong = await it.ask('/sites/general/cds-services/order-sign');
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST, OPTIONS']);
  });

  test('are none for a site that orders by document only, and dispatch alone for one that orders by Task', async () => {
    const it = await build({ routes: [{ id: 'a', on: 'DocumentReference?status=current', vendor: 'scribe' }] });
    assert.deepEqual((await it.ask('/sites/general/cds-services')).json, { services: [] });
    const tasks = await build({ routes: [{ id: 'a', on: 'Task?status=requested', vendor: 'derma' }] });
    const { services } = discovery.parse((await tasks.ask('/sites/general/cds-services')).json);
    assert.deepEqual(
      services.map(({ hook }) => hook),
      ['order-dispatch'],
    );
  });

  test('say of a draft that names what is needed that it will be done, and that results are preliminary', async () => {
    const it = await build();
    const [info, ...more] = await told(it, signing([order(SMEAR, picture)], { prefetch: { consents: null } }));
    assert.equal(info?.summary, 'AI analysis by Derma AI will be done for “Malaria smear”.');
    assert.equal(info?.indicator, 'info');
    assert.match(info?.detail ?? '', /\*\*preliminary\*\*/);
    assert.deepEqual(more, []);
  });

  test('say what is missing, and how long the order waits for it', async () => {
    const it = await build();
    const [warning] = await told(it, signing([order(SMEAR)]));
    assert.equal(
      warning?.summary,
      '“Malaria smear” names no picture: AI analysis by Derma AI waits for one, up to 24 hours.',
    );
    assert.equal(warning?.indicator, 'warning');
    const strict = await build({ policy: { awaitInputHours: 0 } });
    assert.deepEqual(await summaries(strict, signing([order(SMEAR)])), [
      '“Malaria smear” names no picture: AI analysis by Derma AI will be rejected.',
    ]);
  });

  test('look into documents, prefetched or in the EHR, for what they hold; say nothing of what they cannot see', async () => {
    const it = await build();
    const document = (id: string, contentType: string) => ({
      resourceType: 'DocumentReference' as const,
      id,
      status: 'current' as const,
      content: [{ attachment: { contentType } }],
    });
    const naming = (id: string) => order(NOTE, { supportingInfo: [{ reference: `DocumentReference/${id}` }] });
    const prefetch = (...resources: object[]) => ({
      prefetch: {
        consents: null,
        documents: { resourceType: 'Bundle', type: 'searchset', entry: resources.map((resource) => ({ resource })) },
      },
    });
    const note = prefetch(document('d1', 'text/plain'));
    assert.deepEqual(await summaries(it, signing([naming('d1')], note)), [
      'AI analysis by Scribe AI will be done for “Note coding”.',
    ]);
    assert.deepEqual(it.asked, []);
    const scan = await summaries(it, signing([naming('d2')], prefetch(document('d2', 'image/jpeg'))));
    assert.match(scan.join(), /names no note/);
    it.ehr.set('DocumentReference/d3', document('d3', 'application/pdf'));
    assert.match((await summaries(it, signing([naming('d3')], prefetch()))).join(), /will be done/);
    assert.deepEqual(it.asked, ['DocumentReference/d3']);
    assert.deepEqual(await summaries(it, signing([naming('d4')], prefetch())), [], 'it is not there: nobody knows');
    const elsewhere = { ...prefetch(), fhirServer: 'https://other.example/fhir' };
    assert.deepEqual(await summaries(it, signing([naming('d3')], elsewhere)), [], 'another server’s ids are not ours');
  });

  test('say nothing of what no route takes, of what only the server could tell, of another patient’s order', async () => {
    const it = await build();
    const quiet = [
      order({ system: 'http://loinc.org', code: '1-8' }),
      { resourceType: 'MedicationRequest', id: 'm', status: 'draft', subject: { reference: 'Patient/p1' } },
      order(SMEAR, { subject: { reference: 'Patient/p2' } }),
      order(SMEAR, { subject: undefined }),
    ];
    assert.deepEqual(await summaries(it, signing(quiet)), []);
  });

  test('say that the day’s limit is reached, that the vendor is on hold, that the consent denies: once, worst first', async () => {
    const it = await build({ limits: { perDay: 2 } });
    const orderId = await aSmearOrder();
    const now = it.clock.now();
    const bill = (key: string, vendor: string) =>
      startCall(database, { orderId, run: 1, key, kind: 'bill', site: 'general', vendor, bills: 1, allowed: 0, now });
    const body = signing([order(SMEAR, picture)], { prefetch: { consents: null } });
    await bill('a', 'derma');
    await bill('b', 'scribe');
    assert.match((await summaries(it, body)).join(), /will be done/);
    await bill('c', 'derma');
    assert.deepEqual(await summaries(it, body), [
      "Today's limit for AI analysis by Derma AI is reached: “Malaria smear” will wait until tomorrow.",
    ]);
    const hold = { credential: 'key of derma', site: 'general', vendor: 'derma', now };
    const reason = { code: 'vendor-error', text: 'The vendor does *not* answer.' };
    await holdCredential(database, { ...hold, reason, until: new Date(now.getTime() + 60_000) });
    const denied = { ...body, prefetch: { consents: consents({ type: 'deny' }) } };
    const [warning, ...more] = await told(it, denied);
    assert.match(warning?.summary ?? '', /consent does not allow AI analysis by Derma AI/);
    assert.equal(warning?.detail.split('\n').length, 3);
    assert.match(warning?.detail ?? '', /does \\\*not\\\* answer/);
    assert.deepEqual(more, []);
    it.clock.advance(86_400);
    assert.match((await summaries(it, body)).join(), /will be done/, 'the next day, after the hold');
  });

  test('say that a consent which the site requires is missing, and nothing where more of them may be there', async () => {
    const it = await build({ requireConsent: true });
    const asked = (prefetch: object) => signing([order(SMEAR, picture)], { prefetch });
    const [missing] = await told(it, asked({ consents: consents() }));
    assert.equal(
      missing?.summary,
      "The patient's consent to AI analysis by Derma AI is not in the EHR: “Malaria smear” waits for it, up to 24 hours.",
    );
    const active = { scope: { coding: [{ code: 'patient-privacy' }] } };
    const given = consents({ type: 'permit' });
    const permitted = {
      ...given,
      entry: given.entry.map(({ resource }) => ({ resource: { ...resource, ...active } })),
    };
    assert.match((await summaries(it, asked({ consents: permitted }))).join(), /will be done/);
    const more = { ...consents(), link: [{ relation: 'next', url: 'https://ehr.example/next' }] };
    const elsewhere = { ...asked({ consents: more }), fhirServer: 'https://other.example/fhir' };
    assert.deepEqual(await summaries(it, elsewhere), []);
    const strict = await build({ requireConsent: true, policy: { awaitInputHours: 0 } });
    assert.match((await summaries(strict, asked({ consents: null }))).join(), /not in the EHR: .* will be rejected/);
  });

  test('say of a dispatched order what the EHR has of it, but not where somebody else is to do it', async () => {
    const it = await build({ owners: ['Organization/ai-lab'] });
    const saved = order(SMEAR, { id: 's1', status: 'active', ...picture });
    it.ehr.set('ServiceRequest/s1', JSON.parse(JSON.stringify(saved)));
    const dispatch = (context: object, prefetch: object = {}) => ({
      hook: 'order-dispatch',
      hookInstance: 'h',
      context: { patientId: 'Patient/p1', performer: 'Organization/ai-lab', ...context },
      prefetch: { consents: null, ...prefetch },
    });
    const done = ['AI analysis by Derma AI will be done for “Malaria smear”.'];
    const ask = (body: object) => summaries(it, body, 'order-dispatch');
    assert.deepEqual(await ask(dispatch({ dispatchedOrders: ['ServiceRequest/s1'] })), done);
    assert.deepEqual(await ask(dispatch({ order: 'ServiceRequest/s1' })), done, 'version 1.0 of the hook');
    assert.equal(it.asked.length, 2);
    const bundle = { resourceType: 'Bundle', type: 'searchset', entry: [{ resource: saved }] };
    assert.deepEqual(await ask(dispatch({ dispatchedOrders: ['ServiceRequest/s1'] }, { orders: bundle })), done);
    assert.equal(it.asked.length, 2, 'what came along is not read');
    assert.deepEqual(await ask(dispatch({ dispatchedOrders: ['ServiceRequest/s1'], performer: 'Organization/x' })), []);
    assert.deepEqual(await ask(dispatch({ dispatchedOrders: ['ServiceRequest/gone', 'MedicationRequest/1'] })), []);
  });

  test('answer in time without an EHR that answers, and then promise nothing', async () => {
    const never = () => new Promise<never>(() => {});
    const it = await build({ client: { read: never, capabilities: never } });
    const began = performance.now();
    assert.deepEqual(await summaries(it, signing([order(SMEAR, picture)])), []);
    assert.match((await summaries(it, signing([order(SMEAR)]))).join(), /names no picture/, 'what is certain is said');
    assert.ok(performance.now() - began < 2000);
  });

  test('make no order, make us look sooner, and leave nothing of the request in the log', async () => {
    const it = await build();
    const note = [{ text: 'Quetzalcoatlus' }];
    await told(it, signing([order(SMEAR, { ...picture, note })], { fhirAuthorization: { access_token: 'Quetzal' } }));
    assert.deepEqual(it.calls, ['general']);
    await it.post('order-sign', { hook: 'Quetzalcoatlus' });
    await it.post('order-sign', '{"Quetzal');
    assert.deepEqual(it.calls, ['general'], 'a wrong request is no call');
    assert.deepEqual(await database.query('select 1 from orders'), []);
    assert.deepEqual(await database.query('select 1 from notifications'), []);
    assert.doesNotMatch(it.logged(), /Quetzal|Patient|p1/);
  });

  test('say which field of a request is wrong', async () => {
    const it = await build();
    const good = signing([]);
    const cases: [number, unknown, RegExp][] = [
      [400, [], /hook|object/],
      [400, { ...good, hook: 'patient-view' }, /hook must be one of/],
      [400, { ...good, hookInstance: undefined }, /hookInstance/],
      [400, { ...good, context: { patientId: '../1', draftOrders: { resourceType: 'Bundle' } } }, /context\.patientId/],
      [400, { ...good, context: { patientId: 'p1' } }, /context\.draftOrders/],
      [400, { ...good, hook: 'order-dispatch', context: { patientId: 'p1' } }, /dispatchedOrders/],
      [
        400,
        { hook: 'order-dispatch', hookInstance: 'h', context: { patientId: 'p1', order: 'A/1' } },
        /order: must be|another hook/,
      ],
      [400, '{', /not JSON/],
      [413, { ...good, prefetch: { documents: 'x'.repeat(4 * 1024 * 1024) } }, /larger/],
    ];
    for (const [status, body, words] of cases) {
      const answer = await it.post('order-sign', body);
      assert.equal(answer.status, status, String(words));
      assert.match(outcome.parse(answer.json).issue[0].details.text, words);
    }
    const text = await it.post('order-sign', JSON.stringify(good), { 'Content-Type': 'text/plain' });
    assert.equal(text.status, 415);
  });

  test('answer any JSON whatever with cards or with what is wrong', async () => {
    const it = await build();
    const json = fc.jsonValue({ maxDepth: 3 });
    const draft = fc.record(
      { code: json, subject: json, supportingInfo: json, specimen: json, contained: json, id: json },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      json,
      fc.tuple(draft, json, json).map(([more, list, documents]) =>
        signing([order(SMEAR, more), order(NOTE, { ...more, subject: { reference: 'Patient/p1' } })], {
          prefetch: { consents: list, documents, orders: list },
        }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const answer = await it.post('order-sign', value);
        if (answer.status === 200) {
          cards.parse(answer.json);
        } else {
          assert.equal(answer.status, 400);
          outcome.parse(answer.json);
        }
      }),
      { numRuns: 60 },
    );
    assert.doesNotMatch(it.logged(), /without cards/);
  });

  /** Something for calls to belong to. */
  async function aSmearOrder(): Promise<string> {
    await admitOrder(
      database,
      {
        baseKey: 'general/ServiceRequest/1/smear',
        generation: 1,
        site: 'general',
        route: 'smear',
        vendor: 'derma',
        resourceType: 'ServiceRequest',
        resourceId: '1',
        seenVersion: '1',
        seenUpdated: null,
        events: [],
      },
      new Date(),
    );
    const [row] = await database.query<{ id: string }>('select id::text as id from orders');
    assert.ok(row);
    return row.id;
  }
});

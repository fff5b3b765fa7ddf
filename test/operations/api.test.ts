import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import * as schemas from '../../src/operations/api-schemas.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { type Toy, toyVendor } from '../support/toy-vendor.ts';
import { type ApiRig, apiRig, assertProblem, MARKER, TOKENS } from './api-rig.ts';

const asksSize = () =>
  toyVendor([
    (state) => ({
      ask: { id: 'size', text: 'How large?', number: { unit: 'um', minimum: 1, maximum: 9 } },
      next: state,
    }),
  ]);
const bills = () =>
  toyVendor(
    [0, 1].map((at) => () => ({ effect: 'bill', key: `bill/${at}` })),
    { effects: { bill: {} } },
  );

onEveryDatabase('the API', ({ open }) => {
  let rig: ApiRig | undefined;

  const build = async (toy: Toy = toyVendor([]), more: Parameters<typeof apiRig>[2] = {}): Promise<ApiRig> => {
    rig = await apiRig(await open(), toy, more);
    return rig;
  };
  const idOf = async (it: ApiRig, id: string) => (await it.order(id)).publicId;
  const pageOf = async (it: ApiRig, id: string) =>
    schemas.orderPage.parse((await it.get(`/api/orders/${await idOf(it, id)}`)).json);

  afterEach(async () => {
    await rig?.close();
    rig = undefined;
  });

  test('lets nobody in without a known token, and each role do only its own', async () => {
    const it = await build();
    await it.admit('1');
    const id = await idOf(it, '1');
    const strangers: Record<string, string>[] = [
      {},
      { Authorization: 'Bearer wrong-token-1' },
      { Authorization: `Basic ${TOKENS.viewer}` },
    ];
    for (const headers of strangers) {
      const answer = await it.ask('/api/orders', { headers });
      assertProblem(answer, 401, 'unauthorized');
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
      assertProblem(await it.ask(`/api/orders/${id}`, { headers }), 401);
      assertProblem(await it.ask(`/api/orders/${id}/retry`, { method: 'POST', headers }), 401);
      assertProblem(await it.ask('/api/sites/site/sweep', { method: 'POST', headers }), 401);
    }
    for (const who of ['viewer', 'approver'] as const) {
      assert.equal((await it.get('/api/orders', who)).status, 200);
      for (const action of ['retry', 'cancel']) {
        assertProblem(await it.post(`/api/orders/${id}/${action}`, who), 403, 'forbidden');
      }
      assertProblem(await it.post('/api/sites/site/sweep', who, { since: '2026-01-01' }), 403);
    }
    const { cancel, retry } = await it.order('1');
    assert.deepEqual([cancel, retry], [null, null], 'nothing of it was done');
    assert.equal((await it.get('/api/openapi.json', undefined)).status, 200);
  });

  test('lists orders newest first, by site, status and vendor, a page at a time', async () => {
    const it = await build(toyVendor([(state) => ({ next: state, after: 3600 })]));
    // More than nine, so that numbers sorted as text would show.
    const ids = Array.from({ length: 12 }, (_, index) => String(index + 1));
    for (const id of ids) {
      await it.admit(id);
    }
    const list = async (query: string) => schemas.ordersPage.parse((await it.get(`/api/orders?${query}`)).json);
    const names = ({ orders }: Awaited<ReturnType<typeof list>>) =>
      orders.map(({ resource }) => resource.split('/')[1]);
    const walked: (string | undefined)[] = [];
    let before: string | undefined;
    do {
      const page = await list(`limit=5${before ? `&before=${before}` : ''}`);
      assert.ok(page.orders.length <= 5);
      walked.push(...names(page));
      before = page.before;
    } while (before);
    assert.deepEqual(walked, ids.toReversed());
    const exact = await list('limit=12');
    assert.deepEqual([exact.orders.length, exact.before], [12, undefined], 'a full last page has none after it');
    await it.start();
    await it.settle('1', (order) => order.status === 'working');
    await it.settle('2', (order) => order.status === 'working');
    assert.ok((await list('status=working')).orders.length >= 2);
    assert.deepEqual(names(await list('status=failed')), []);
    assert.equal((await list('site=site&vendor=toy')).orders.length, 12);
    assert.deepEqual(names(await list('site=elsewhere')), []);
    assert.deepEqual(names(await list('vendor=other')), []);
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'status=lost',
      'colour=red',
      'site=a&site=b',
      'site=%00',
      'before=%00',
      'before=nothing',
    ]) {
      assertProblem(await it.get(`/api/orders?${query}`), 400, 'invalid');
    }
  });

  test('says until when something has to be done, and what the vendor tells', async () => {
    const deadline = { at: '2026-12-09T10:00:00.000Z', what: 'the download of the slides' };
    const toy = toyVendor([(state) => ({ next: { ...state, at: 1 }, tell: ['40 cases of 212 fit.'] })], {
      deadline: ({ at }) => (at === 1 ? deadline : undefined),
    });
    const it = await build(toy);
    await it.admit('1');
    await it.admit('2');
    const before = schemas.ordersPage.parse((await it.get('/api/orders')).json);
    assert.ok(before.orders.every((line) => !('deadline' in line)));
    await it.start();
    await it.settle('1');
    const { orders } = schemas.ordersPage.parse((await it.get('/api/orders?status=completed')).json);
    assert.deepEqual(orders.at(-1)?.deadline, deadline);
    const page = await pageOf(it, '1');
    assert.deepEqual(page.deadline, deadline);
    assert.deepEqual(page.timeline.find(({ event }) => event === 'vendor-note')?.detail, {
      text: '40 cases of 212 fit.',
    });
  });

  test('shows the whole order, and no word of the note nor the patient’s name in anything it says', async () => {
    const toy = toyVendor(
      [
        () => ({ effect: 'bill', key: 'bill/0' }),
        (state) => ({ publish: { heard: [MARKER] }, next: { ...state, at: 2, heard: [MARKER] }, status: 'RUNNING' }),
      ],
      { effects: { bill: {} } },
    );
    const it = await build(toy);
    await it.admit('1');
    await it.start();
    const order = await it.settle('1');
    assert.equal(order.status, 'completed');
    const page = await pageOf(it, '1');
    assert.equal(page.resource, 'DocumentReference/1');
    assert.equal(page.task, `Task/${order.taskId}`);
    assert.deepEqual(
      page.calls.map(({ key, state, attempts, bills: units }) => [key, state, attempts, units]),
      [['bill/0', 'answered', 1, 1]],
    );
    assert.deepEqual(
      page.written.map(({ part }) => part),
      ['obs/0'],
    );
    assert.ok(page.timeline.length > 3 && page.timeline[0]?.event === 'admitted');
    assert.deepEqual([page.actions, page.pending, page.question], [['retry'], [], null]);
    assert.deepEqual(
      page.generations.map(({ generation }) => generation),
      [1],
    );

    await it.admit('2');
    it.ehr.failNext.readOrder = new Error(`no such patient: ${MARKER}`);
    await it.settle('2');
    it.ehr.failNext.publish = new AdapterError('ehr-rejected', 'The FHIR server refused POST transaction (422)', {
      outcome: {
        resourceType: 'OperationOutcome',
        issue: [
          {
            severity: 'error',
            code: 'invariant',
            diagnostics: `bad text: ${MARKER}`,
            details: { text: MARKER },
            expression: ['Bundle.entry[3].resource', `Patient.name.where(family = '${MARKER}')`],
          },
        ],
      },
    });
    await it.admit('3');
    const failed = await it.settle('3');
    assert.equal(failed.status, 'failed');
    const failedPage = await pageOf(it, '3');
    assert.deepEqual(failedPage.outcome, [
      { severity: 'error', code: 'invariant', expression: ['Bundle.entry[3].resource'] },
    ]);
    assert.match(failedPage.advice ?? '', /OperationOutcome/);
    await it.get('/api/orders');
    await it.get('/metrics');
    await it.get('/readyz');
    const said = it.said();
    assert.ok(said.includes('DocumentReference/1') && said.includes('fhir_ai_adapter_orders_total'));
    assert.ok(!said.includes(MARKER) && !said.includes('1961-02-03'), 'the patient is told on');
    assert.ok(!Object.values(TOKENS).some((token) => said.includes(token)), 'a token is told');
  });

  test('retries what failed, and refuses to retry what waits or was cancelled', async () => {
    let tries = 0;
    const it = await build(
      toyVendor([
        (state) =>
          tries++ === 0
            ? { fail: { code: 'vendor-rejected', text: 'The vendor could not read it.' } }
            : { done: { heard: state.heard } },
      ]),
    );
    await it.admit('1');
    await it.start();
    await it.settle('1');
    const answer = await it.post(`/api/orders/${await idOf(it, '1')}/retry`, 'operator');
    assert.equal(answer.status, 202);
    assert.deepEqual(schemas.asked.parse(answer.json).asked, 'retry');
    await it.settle('1', (order) => order.status === 'completed');
    const retried = (await pageOf(it, '1')).timeline.find(({ event }) => event === 'retried');
    assert.equal(retried?.who, 'otto');
    assertProblem(await it.post(`/api/orders/${await idOf(it, '1')}/cancel`, 'operator'), 409, 'not-possible');
  });

  test('cancels an order with the operator’s words', async () => {
    const it = await build(toyVendor([(state) => ({ next: state, after: 3600 })], { cancel: true }));
    await it.admit('1');
    await it.start();
    await it.settle('1', (order) => order.status === 'working');
    const path = `/api/orders/${await idOf(it, '1')}`;
    assertProblem(await it.post(`${path}/cancel`, 'operator', { reason: '' }), 400, 'invalid');
    assertProblem(await it.post(`${path}/cancel`, 'operator', { reason: 'a\u0000b' }), 400, 'invalid');
    assertProblem(await it.post(`${path}/cancel`, 'operator', { why: 'x' }), 400, 'invalid');
    assert.equal((await it.post(`${path}/cancel`, 'operator', { reason: ' Wrong patient. ' })).status, 202);
    const order = await it.settle('1');
    assert.deepEqual([order.status, order.reason?.text], ['cancelled', 'Wrong patient.']);
    for (const action of ['retry', 'cancel']) {
      const refused = await it.post(`${path}/${action}`, 'operator');
      assertProblem(refused, 409, 'not-possible');
    }
    assertProblem(await it.post(`${path}/answer`, 'operator', { question: 'size', value: 1 }), 409, 'not-possible');
  });

  test('takes a fitting answer of who may give it, once', async () => {
    const it = await build(asksSize());
    await it.admit('1');
    await it.start();
    await it.settle('1');
    const path = `/api/orders/${await idOf(it, '1')}`;
    const page = await pageOf(it, '1');
    assert.deepEqual([page.question?.id, page.actions], ['size', ['cancel', 'answer']]);
    assertProblem(await it.post(`${path}/answer`, 'viewer', { question: 'size', value: 7 }), 403, 'forbidden');
    assertProblem(await it.post(`${path}/answer`, 'approver', { question: 'size', value: 7 }), 403, 'forbidden');
    for (const [question, value] of [
      ['other', 7],
      ['size', '7'],
      ['size', 0],
      ['size', 10],
    ]) {
      assertProblem(await it.post(`${path}/answer`, 'operator', { question, value }), 422, 'invalid-answer');
    }
    assertProblem(await it.post(`${path}/answer`, 'operator', { question: 'size' }), 400, 'invalid');
    assertProblem(await it.post(`${path}/answer`, 'operator'), 400, 'invalid');
    assertProblem(await it.post(`${path}/retry`, 'operator'), 409, 'not-possible');
    await it.stop();
    assert.equal((await it.post(`${path}/answer`, 'operator', { question: 'size', value: 7 })).status, 202);
    assertProblem(
      await it.post(`${path}/answer`, 'everything', { question: 'size', value: 8 }),
      409,
      'already-answered',
    );
    assert.deepEqual((await pageOf(it, '1')).pending, ['answer']);
    await it.start();
    const done = await it.settle('1', (order) => order.status === 'completed');
    assert.equal(it.ehr.published.get(done.key)?.length, 1);
  });

  test('lets only an approver spend beyond a limit', async () => {
    const toy = bills();
    const it = await build(toy, { limits: { perOrder: 1 } });
    await it.admit('1');
    await it.start();
    const asked = await it.settle('1');
    const path = `/api/orders/${asked.publicId}/answer`;
    const body = { question: asked.question?.id, value: 'proceed' };
    assertProblem(await it.post(path, 'operator', body), 403, 'forbidden');
    assertProblem(await it.post(path, 'approver', { ...body, value: 'constructor' }), 422, 'invalid-answer');
    assert.deepEqual(toy.ledger, ['bill/0']);
    assert.equal((await it.post(path, 'approver', body)).status, 202);
    await it.settle('1', (order) => order.status === 'completed');
    assert.deepEqual(toy.ledger, ['bill/0', 'bill/1']);
  });

  test('sweeps as it is told and says what the EHR said', async () => {
    const asked: unknown[] = [];
    let down = false;
    const it = await build(toyVendor([]), {
      async sweep(site, since, go) {
        asked.push([site, since, go]);
        if (down) {
          throw new AdapterError('ehr-unreachable', 'The FHIR server cannot be reached');
        }
        const counts = [
          { route: 'a', vendor: 'toy', count: 3 },
          { route: 'b', vendor: 'toy', count: undefined },
        ];
        return site === 'site' ? { counts, orders: go ? 3 : 0 } : undefined;
      },
    });
    const counted = await it.post('/api/sites/site/sweep', 'operator', { since: '2026-01-01' });
    assert.deepEqual(schemas.swept.parse(counted.json), {
      went: false,
      orders: 0,
      counts: [
        { route: 'a', vendor: 'toy', count: 3 },
        { route: 'b', vendor: 'toy', count: null },
      ],
    });
    assert.equal((await it.post('/api/sites/site/sweep', 'operator', { since: '2026-01-01', go: true })).status, 200);
    assert.deepEqual(asked, [
      ['site', '2026-01-01', false],
      ['site', '2026-01-01', true],
    ]);
    assertProblem(await it.post('/api/sites/site/sweep', 'operator', { since: 'yesterday' }), 400, 'invalid');
    assertProblem(await it.post('/api/sites/other/sweep', 'operator', { since: '2026-01-01' }), 404, 'not-found');
    down = true;
    assertProblem(await it.post('/api/sites/site/sweep', 'operator', { since: '2026-01-01' }), 502, 'ehr-unreachable');
  });

  test('answers every malformed request with a problem document', async () => {
    const it = await build();
    await it.admit('1');
    const path = `/api/orders/${await idOf(it, '1')}`;
    const send = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') =>
      it.ask(`${path}/cancel`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${TOKENS.operator}`, 'Content-Type': type },
        body,
      });
    assertProblem(await send('{"reason": "x'), 400, 'malformed');
    assertProblem(await send('"text"'), 400, 'malformed');
    assertProblem(await send('[]'), 400, 'invalid');
    assertProblem(await send('reason=x', 'application/x-www-form-urlencoded'), 415, 'unsupported-media-type');
    assertProblem(await send('{}', 'application/json; charset=koi8-r'), 415, 'unsupported-media-type');
    assertProblem(await send(JSON.stringify({ reason: 'x'.repeat(17_000) })), 413, 'too-large');
    assertProblem(await it.get('/api/orders/%E0%A4%A'), 400, 'malformed');
    assertProblem(await it.get('/api/orders/%00'), 404, 'not-found');
    assertProblem(await it.get('/api/orders/nobody'), 404, 'not-found');
    assertProblem(await it.post('/api/orders/nobody/retry', 'operator'), 404, 'not-found');
    assertProblem(await it.get('/api/nothing'), 404, 'not-found');
    assertProblem(await it.get('/api'), 404, 'not-found');
    for (const [method, address, allowed] of [
      ['DELETE', path, 'GET'],
      ['PUT', '/api/orders', 'GET'],
      ['GET', `${path}/retry`, 'POST'],
      ['PATCH', '/api/openapi.json', 'GET'],
    ]) {
      const answer = await it.ask(address ?? '', { method: method ?? '' });
      assertProblem(answer, 405, 'method-not-allowed');
      assert.equal(answer.headers.get('allow'), allowed);
    }
    assert.equal((await it.order('1')).cancel, null);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        const answer = await it.ask(`${path}/answer`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${TOKENS.operator}`, 'Content-Type': 'application/json' },
          body,
        });
        assert.ok(answer.status >= 400 && answer.status < 500);
        assertProblem(answer, answer.status);
      }),
      { numRuns: 60 },
    );
  });

  test('says 503 while the database is away', async () => {
    const it = await build();
    it.database.query = () => Promise.reject(new AdapterError('database-unavailable', 'The database cannot be used'));
    const answer = await it.get('/api/orders');
    assertProblem(answer, 503, 'database-unavailable');
    assert.equal(answer.headers.get('retry-after'), '5');
    it.database.query = () => Promise.reject(new Error(MARKER));
    assertProblem(await it.get('/api/orders'), 500, 'unexpected');
    assert.ok(!it.said().includes(MARKER));
  });
});

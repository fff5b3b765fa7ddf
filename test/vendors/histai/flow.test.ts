/** The way of a cohort order before and after its purchase, on the real engine. */
import assert from 'node:assert/strict';
import { beforeEach, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { HISTAI_FAULTS } from '../../../sandbox/histai/faults.ts';
import type { Database } from '../../../src/orders/store/database.ts';
import { latestResult } from '../../../src/orders/store/order-data.ts';
import { result } from '../../../src/vendors/histai/state.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';
import { onPglite } from '../../support/databases.ts';
import { type CohortOptions, type CohortOrder, CRITERIA, cohortOrder, serviceRequest } from './flow-support.ts';

/** What the simulator was asked to make of cohorts, by how often. */
const asked = (it: CohortOrder, endpoint: RegExp): number =>
  it.datahub.ledger().calls.filter((call) => endpoint.test(call.endpoint ?? '')).length;

/** Those that last only make an order wait. */
const FAULTS = HISTAI_FAULTS.filter((fault) => !('unit' in fault));

onPglite('a cohort order', ({ open }) => {
  let database: Database;
  beforeEach(async () => {
    database = await open();
  });

  const order = (t: TestContext, more: Omit<CohortOptions, 'database'> = {}) => cohortOrder(t, { database, ...more });

  test('a cohort is explored first, and what was chosen and why is on the timeline in the Datahub’s words', async (t) => {
    const it = await order(t);
    const placed = await it.place();
    const lines = await it.lines(placed);
    assert.ok(
      lines.some((line) => /^organ: “Breast” \(exact\), “Left breast” \(side\), “Right breast” \(side\)/.test(line)),
      lines.join('\n'),
    );
    assert.ok(
      lines.some((line) => line.startsWith('stain: “HER2” (exact)')),
      lines.join('\n'),
    );
    const [first, second] = it.datahub.ledger().calls;
    assert.match(first?.endpoint ?? '', /filters\/global/);
    assert.match(second?.endpoint ?? '', /cases\/search/);
  });

  test('an order for what the Datahub does not have is rejected, and nothing is searched for', async (t) => {
    const focus = { ...serviceRequest('1'), bodySite: [{ text: 'Left big toe of Mr Abendroth' }] };
    const it = await order(t, { focus });
    const ended = await it.place();
    assert.equal(ended.status, 'rejected');
    assert.match(ended.reason?.text ?? '', /lists nothing that the organ of the order stands for.*sales@hist\.ai/);
    assert.ok(!ended.reason?.text.includes('Abendroth'), 'an order’s words are not repeated');
    assert.equal(asked(it, /search/), 0);
  });

  test('an order that no case fits is rejected', async (t) => {
    const focus = serviceRequest('1', [...CRITERIA, { url: 'gender', valueString: 'male' }]);
    const it = await order(t, { focus });
    const ended = await it.place();
    assert.equal(ended.status, 'rejected');
    assert.match(ended.reason?.text ?? '', /has no case that fits the order/);
  });

  test('a filter that the Datahub passes over does not widen the purchase', async (t) => {
    const it = await order(t);
    it.set('filter-ignored');
    const done = await it.approve(await it.place());
    assert.equal(done.status, 'completed', done.reason?.text);
    const stored = await latestResult(database, done.id, done.run);
    const { cases } = result.parse(stored?.result);
    // What follows on the second page, behind a filter, is less; none of it is what was not asked for.
    assert.ok(cases.length > 0);
    assert.ok(cases.every(({ organ }) => organ.every((name) => /breast/i.test(name))));
    assert.ok((await it.lines(done)).some((line) => /that came with the search did not fit/.test(line)));
  });

  for (const fault of ['create-then-500', 'create-then-hang-up', 'create-not-created-500'] as const) {
    test(`one cohort is made although ${fault}`, async (t) => {
      const it = await order(t);
      it.set(fault);
      const placed = await it.place();
      assert.equal(placed.status, 'waiting', placed.reason?.text);
      assert.equal(it.datahub.cohorts(), 1);
    });
  }

  test('a cohort that cannot be built is followed by another, and after three the order fails unpaid', async (t) => {
    const it = await order(t);
    it.set('build-failed');
    const placed = await it.place();
    assert.equal(placed.status, 'waiting', placed.reason?.text);
    await it.rig.stop();
    const bad = await order(t);
    bad.set('build-failed', 3);
    const failed = await bad.place('2');
    assert.equal(failed.status, 'failed');
    assert.match(failed.reason?.text ?? '', /could not build the cohort.*Nothing was bought/);
  });

  test('an account that is not in US dollars buys nothing, and waits for the operator', async (t) => {
    const it = await order(t, { simulator: { currency: 'EUR' } });
    const held = await it.place();
    assert.equal(held.status, 'held');
    assert.match(held.reason?.text ?? '', /USD/);
  });

  test('what was bought comes home: files, records, composition, and slides where the site wants them', async (t) => {
    const it = await order(t, { settings: { download: true }, options: { chart: true } });
    const done = await it.approve(await it.place());
    assert.equal(done.status, 'completed', done.reason?.text);
    const findings = it.findings(done);
    assert.deepEqual(findings.missing, []);
    const parts = findings.items.map(({ part }) => part);
    for (const part of ['group', 'obs/cases', 'obs/slides', 'obs/stains', 'chart', 'manifest', 'metadata']) {
      assert.ok(parts.includes(part), `${part} is not among ${parts.join(' ')}`);
    }
    assert.ok(parts.some((part) => part.startsWith('slide/')));
    const manifest = Buffer.from(it.ehr.files.get('manifest.json') ?? assert.fail()).toString();
    assert.ok(!/https?:\/\/(localhost|127)/.test(manifest), 'no link that expires is kept');
    assert.ok(!JSON.stringify(findings).includes('X-Amz-Signature'));
  });

  for (const fault of ['storage-cut', 'link-expired', 'rate-limit', 'malformed-json', '5xx-burst'] as const) {
    test(`slides are copied although ${fault}`, async (t) => {
      const it = await order(t, { settings: { download: true } });
      const placed = await it.place();
      await it.answer(placed);
      await it.rig.settle('1', ({ businessStatus }) => businessStatus?.startsWith('copying') ?? false);
      it.set(fault);
      const done = await it.rest();
      assert.equal(done.status, 'completed', done.reason?.text);
      assert.deepEqual(it.findings(done).missing, []);
    });
  }

  test('a slide that the vendor keeps no longer is told as missing, and the others are copied', async (t) => {
    const it = await order(t, { settings: { download: true } });
    const placed = await it.place();
    it.set('window-expired', 2);
    const done = await it.approve(placed);
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.match(it.findings(done).missing.join(' '), /1 slide/);
  });

  test('links older than a day are renewed', async (t) => {
    const it = await order(t, { simulator: { staleLinks: 'gone' }, settings: { download: true } });
    const placed = await it.place();
    await it.answer(placed);
    await it.rig.settle('1', ({ businessStatus }) => businessStatus?.startsWith('copying') ?? false);
    it.rig.clock.advance(25 * 3600);
    const done = await it.rest();
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.deepEqual(it.findings(done).missing, []);
  });

  test('all files are fetched although their list comes in pages', async (t) => {
    const one = z.object({ files: z.array(z.unknown()) });
    const around = (http: VendorHttp): VendorHttp => ({
      async request(request) {
        const response = await http.request(request);
        if (!request.path.endsWith('/export/files')) {
          return response;
        }
        const { files } = one.parse(response.json());
        const page = Number(request.query?.page ?? 0);
        return { ...response, json: () => ({ files: files.slice(page, page + 1), total: files.length }) };
      },
    });
    const it = await order(t, { around });
    const done = await it.approve(await it.place());
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.deepEqual(it.findings(done).missing, []);
    const stored = await latestResult(database, done.id, done.run);
    const { slides, selection } = result.parse(stored?.result);
    assert.equal(slides.length, selection.counts.he + selection.counts.other);
  });

  test('files that cannot be prepared hold the order, which is paid once and goes on after a retry', async (t) => {
    const it = await order(t);
    const placed = await it.place();
    it.set('export-failed');
    const held = await it.approve(placed);
    assert.equal(held.status, 'held');
    assert.match(held.reason?.text ?? '', /bought and paid for; HistAI could not prepare its files/);
    await it.retry(held);
    const still = await it.rest();
    assert.equal(still.status, 'held');
    assert.equal(it.charges(), 1);
  });

  test('a storage host that the site has not named holds the order until it has', async (t) => {
    const it = await order(t, { settings: { storageHosts: [] } });
    const held = await it.approve(await it.place());
    assert.equal(held.status, 'held');
    assert.equal(held.lastError?.code, 'vendor-protocol');
    it.rig.route.settings = { ...(it.rig.route.settings as object), storageHosts: it.datahub.settings.storageHosts };
    await it.retry(held);
    const done = await it.rest();
    assert.equal(done.status, 'completed', done.reason?.text);
    assert.equal(it.charges(), 1);
  });

  test('a site that does not copy slides has a deadline for them; one that has copied them has none', async (t) => {
    const it = await order(t);
    const waiting = await it.place();
    assert.match(waiting.deadlineWhat ?? '', /approval/);
    const done = await it.approve(waiting);
    assert.match(done.deadlineWhat ?? '', /download/);
    const days = ((done.deadline?.getTime() ?? 0) - it.rig.clock.now().getTime()) / 86_400_000;
    assert.ok(days > 13.9 && days <= 14, `${days} days`);
    await it.rig.stop();
    const other = await order(t, { settings: { download: true } });
    await other.rig.admit('2');
    await other.rig.start();
    const placed = await other.rest('2');
    await other.answer(placed);
    assert.equal((await other.rest('2')).deadline, null);
  });

  test('no fault leads to a payment without an approval, or to a second one', async (t) => {
    for (const { name } of FAULTS) {
      await t.test(name, async (own) => {
        const it = await order(own, { settings: { download: true }, simulator: { slowMs: 20 } });
        it.set(name);
        let seen = await it.place(name);
        for (let answers = 0; seen.status === 'waiting' && answers < 5; answers++) {
          assert.equal(it.charges(), 0, 'charged while a person is asked');
          it.set(name);
          await it.answer(seen);
          seen = await it.rest(name);
        }
        const { calls, billed } = it.datahub.ledger();
        assert.ok(it.charges() <= 1);
        assert.equal(billed.topups, undefined);
        assert.ok(!calls.some(({ endpoint }) => endpoint.includes('topup')), 'the card was reached for');
        await it.rig.stop();
      });
    }
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hautai } from '../../../src/vendors/hautai/index.ts';
import { pauseAfter } from '../../../src/vendors/hautai/poll.ts';
import type { VendorHttp } from '../../../src/vendors/http.ts';
import { clock, drive, orderOf, type Run, type Site, siteOf } from './drive.ts';
import { type Served, serveHautai, VENDOR } from './serve.ts';

type Play = (world: { served: Served; site: Site }) => Promise<void>;

async function withHautai(play: Play, { options = {}, settings }: { options?: object; settings?: object } = {}) {
  const time = clock();
  const served = await serveHautai(time.now, { masks: ['redness'], ...options });
  const site = siteOf(served, time, settings && { ...settings });
  try {
    await play({ served, site });
  } finally {
    await site.close();
    await served.close();
  }
}

const failText = ({ end }: Run): string =>
  'fail' in end ? end.fail.text : assert.fail(`it did not fail: ${JSON.stringify(end)}`);
const analyses = ({ ledger }: Served): number => ledger.read()[VENDOR]?.billed.analyses ?? 0;

test('one subject per patient: looked for, made once, found again by whoever has forgotten it', () =>
  withHautai(async ({ served, site }) => {
    await drive(site, orderOf(['front'], { masks: 'none' }));
    await drive(site, orderOf(['front'], { masks: 'none' }));
    const creations = () => served.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/subjects/'));
    assert.equal(creations().length, 1);
    site.memory.clear();
    const again = await drive(site, orderOf(['front'], { masks: 'none' }));
    assert.ok('done' in again.end);
    assert.equal(creations().length, 1);
  }));

test('a subject whose creation was answered by nobody is found, not made twice', () =>
  withHautai(async ({ served, site }) => {
    served.faults.set(VENDOR, 'subject-created-answer-lost');
    const { end, errors } = await drive(site, orderOf(['front'], { masks: 'none' }), { tries: 1 });
    assert.ok('done' in end && errors.length === 1);
    assert.equal(served.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/subjects/')).length, 1);
  }));

test('a subject that the vendor has deleted is made anew', () =>
  withHautai(async ({ served, site }) => {
    const first = await drive(site, orderOf(['front'], { masks: 'none' }));
    assert.ok('done' in first.end);
    const old = first.end.done.subject;
    const subjects = served.seen[0]?.path ?? '';
    const authorization = served.seen[0]?.headers.authorization ?? '';
    await site.http.request({ method: 'DELETE', path: `${subjects}${old}/`, headers: { authorization } });
    const { end } = await drive(site, orderOf(['front'], { masks: 'none' }));
    assert.ok('done' in end && end.done.subject !== old);
  }));

test('nothing but the pseudonym is told of the patient, unless the route says so', () =>
  withHautai(async ({ served, site }) => {
    await drive(site, orderOf(['front'], { masks: 'none', subjectDetails: true }));
    const made = served.seen.find(({ method, path }) => method === 'POST' && path.endsWith('/subjects/'));
    assert.deepEqual(made?.body, { name: 'pseud-7f3a91', birth_date: '1971-03-04', biological_sex: null });
  }));

test('a process that has lost the addresses opens a new batch, and names the old one', () =>
  withHautai(async ({ served, site }) => {
    // Another connection is another process: it knows the order's state, but no address.
    let lost = false;
    const other: VendorHttp = { request: (request) => site.http.request(request) };
    const forgetful: Site = {
      ...site,
      get http() {
        return lost ? other : site.http;
      },
    };
    const effects: string[] = [];
    const { end } = await drive(forgetful, orderOf(['front'], { masks: 'none' }), {
      before(state) {
        effects.push(state.phase);
        lost ||= effects.filter((phase) => phase === 'open').length === 2;
      },
    });
    assert.ok('done' in end);
    assert.equal(served.opened(), 2);
    assert.equal(end.done.earlier.length, 1);
    assert.deepEqual(hautai.toFindings(end.done, orderOf()).jobs, [...end.done.earlier, end.done.batch]);
    assert.equal(analyses(served), 1);
  }));

test('storage that refuses every address ends the order in words, after six batches and no analysis', () =>
  withHautai(async ({ served, site }) => {
    served.faults.set(VENDOR, 'storage-403-expired', 100);
    const run = await drive(site, orderOf());
    assert.match(failText(run), /photos could not be handed over/);
    assert.equal(served.opened(), 6);
    assert.equal(analyses(served), 0);
  }));

test('an upload that breaks off is made again from the photo that failed on, in the same batch', () =>
  withHautai(async ({ served, site }) => {
    let puts = 0;
    const http: VendorHttp = {
      request(request) {
        puts += request.method === 'PUT' ? 1 : 0;
        if (request.method === 'PUT' && puts === 2) {
          served.faults.set(VENDOR, 'storage-500');
        }
        return site.http.request(request);
      },
    };
    const { end } = await drive({ ...site, http }, orderOf(['front', 'left'], { masks: 'none' }), { tries: 1 });
    // The rig asks for the batch anew only where its answer is gone: it keeps the effect's answer as the engine does.
    assert.ok('done' in end);
    assert.equal(served.opened(), 1);
    assert.equal(puts, 3);
  }));

test('addresses that lead elsewhere get no photo', () =>
  withHautai(
    async ({ served, site }) => {
      const { end } = await drive(site, orderOf());
      assert.ok('error' in end && end.error.code === 'vendor-protocol' && end.error.remedy === 'hold');
      assert.ok(served.seen.every(({ host }) => host === 'api'));
    },
    { settings: { token: 'sandbox-token', storageHosts: ['storage.googleapis.com'] } },
  ));

test('results that stay partial are published after a quarter of an hour, with what is missing by name', () =>
  withHautai(async ({ served, site }) => {
    served.faults.setLevel(VENDOR, 'partial-forever', 1);
    const began = site.clock.now().getTime();
    const { end } = await drive(site, orderOf(['front'], { masks: 'none' }));
    assert.ok('done' in end && !end.done.found.complete);
    const minutes = (site.clock.now().getTime() - began) / 60_000;
    assert.ok(minutes >= 15 && minutes < 16, `${minutes}`);
    const { missing, items } = hautai.toFindings(end.done, orderOf());
    assert.ok(items.length > 5 && missing.length > 3);
    assert.equal(items.length + missing.length, 27);
    assert.equal(analyses(served), 1);
  }));

test('an analysis that never ends is asked for once more in a new batch, then the order fails in words', () =>
  withHautai(async ({ served, site }) => {
    served.faults.setLevel(VENDOR, 'never-done', 1);
    const run = await drive(site, orderOf());
    assert.match(failText(run), /did not finish the skin analysis/);
    assert.deepEqual(run.effects, ['batch/1', 'compute/1', 'batch/2', 'compute/2']);
    assert.equal(analyses(served), 2);
  }));

test('polling is quick at first and patient later', () => {
  assert.deepEqual([0, 14, 15, 34, 35, 200].map(pauseAfter), [2, 2, 5, 5, 30, 30]);
});

for (const fault of ['detection-error', 'no-parameters'] as const) {
  test(`${fault}: the clinician is asked to retake the photo`, () =>
    withHautai(async ({ served, site }) => {
      served.faults.set(VENDOR, fault);
      const text = failText(await drive(site, orderOf()));
      assert.match(text, /Please retake the photo/);
      assert.equal(/The vendor says: \w+/.test(text), fault === 'detection-error');
    }));
}

test('scores from 0 to 1 become scores from 0 to 100, and the report says so', () =>
  withHautai(async ({ served, site }) => {
    served.faults.set(VENDOR, 'scores-0-to-1');
    const { end } = await drive(site, orderOf(['front'], { masks: 'none' }));
    assert.ok('done' in end && end.done.found.rescaled);
    const scores = end.done.found.parameters.flatMap(({ values }) => values.score ?? []);
    assert.ok(scores.length > 5 && scores.some((score) => score > 1) && scores.every((score) => score <= 100));
  }));

test('masks: every variant where the site asks, the anonymised one by default, none where it does not want any', () =>
  withHautai(async ({ site }) => {
    const names = async (masks: string) =>
      [...(await drive(site, orderOf(['front', 'left'], { masks }))).files.keys()].sort();
    const twice = (...files: string[]) => files.flatMap((file) => [`mask/${file}.png`, `mask/${file}.svg`]);
    assert.deepEqual(await names('none'), []);
    assert.deepEqual(await names('one-set-per-side'), twice('front/redness', 'left/redness'));
    const variants = ['aligned_face', 'anonymised', 'original'];
    const every = ['front', 'left'].flatMap((side) => variants.map((variant) => `${side}/redness/${variant}`));
    assert.deepEqual(await names('all'), twice(...every));
  }));

test('of the masks the anonymised drawing is fetched, and scripts do not come along', () =>
  withHautai(
    async ({ served, site }) => {
      served.faults.set(VENDOR, 'svg-with-script');
      const { files } = await drive(site, orderOf());
      const fetched = served.seen.filter(({ host, method }) => host === 'storage' && method === 'GET');
      assert.ok(fetched.length > 0 && fetched.every(({ path }) => path.includes('/anonymised/')));
      const svg = new TextDecoder().decode(files.get('mask/front/lines.svg')?.bytes);
      assert.match(svg, /<path/);
      assert.doesNotMatch(svg, /script|attacker|onload/);
      assert.deepEqual([...(files.get('mask/front/lines.png')?.bytes ?? []).slice(1, 4)], [...Buffer.from('PNG')]);
    },
    { options: { masks: ['lines'] } },
  ));

test('a mask that cannot be fetched twice is given up, said in the report, and the order goes on', () =>
  withHautai(async ({ served, site }) => {
    served.faults.set(VENDOR, 'mask-missing', 2);
    const { end } = await drive(site, orderOf());
    assert.ok('done' in end);
    assert.deepEqual(end.done.lost, ['mask/front/redness']);
    assert.match(hautai.toFindings(end.done, orderOf()).missing.join(), /1 mask that could not be fetched/);
  }));

test('a plan that is used up holds the order before anything is billed', () =>
  withHautai(async ({ served, site }) => {
    served.faults.set(VENDOR, 'plan-used-up-403');
    const { end } = await drive(site, orderOf());
    assert.ok('error' in end && end.error.code === 'vendor-quota' && end.error.remedy === 'hold');
    assert.equal(analyses(served), 0);
  }));

test('a later photo is told beside the earlier one, by the dates of the photos', () =>
  withHautai(async ({ site }) => {
    const at = (date: string) => {
      const order = orderOf(['front'], { masks: 'none' });
      return { ...order, inputs: order.inputs.map((input) => ({ ...input, date })) };
    };
    const late = await drive(site, at('2026-11-20T10:30:00Z'));
    assert.ok('done' in late.end);
    assert.deepEqual(late.end.done.trend, []);
    // Analysed later, but taken before: nothing was earlier than it.
    const early = await drive(site, at('2026-05-02T08:00:00Z'));
    assert.ok('done' in early.end);
    assert.deepEqual(early.end.done.trend, []);
    const third = await drive(site, at('2026-12-01'));
    assert.ok('done' in third.end);
    assert.ok(third.end.done.trend.length > 20);
    assert.ok(third.end.done.trend.every(({ date }) => date === '2026-11-20'));
    const without = await drive(site, {
      ...at('2026-12-02'),
      options: hautai.options.parse({ masks: 'none', trend: false }),
    });
    assert.ok('done' in without.end);
    assert.deepEqual([without.end.done.trend, without.end.done.trendMissing], [[], false]);
  }));

test('an operator’s second look reads the results again, and bills and sends nothing', () =>
  withHautai(async ({ served, site }) => {
    const order = orderOf();
    const first = await drive(site, order);
    assert.ok('done' in first.end);
    served.seen.length = 0;
    const from = hautai.again?.(first.end.done, order);
    assert.ok(from);
    const second = await drive(site, order, { from });
    assert.deepEqual(second.end, first.end);
    assert.deepEqual(second.effects, []);
    assert.ok(served.seen.every(({ method }) => method === 'GET'));
  }));

test('a second look that finds nothing any more keeps what stands', () =>
  withHautai(async ({ served, site }) => {
    const order = orderOf();
    const first = await drive(site, order);
    assert.ok('done' in first.end);
    served.faults.set(VENDOR, 'results-key-missing');
    const from = hautai.again?.(first.end.done, order);
    assert.ok(from);
    assert.deepEqual((await drive(site, order, { from })).end, first.end);
  }));

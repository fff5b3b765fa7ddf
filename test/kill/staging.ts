/**
 * kill -9 of the adapter while a large slide is staged, at another place each time, and once around the creation of its
 * run; then it is left in peace, and everything is counted.
 *
 *   node test/kill/staging.ts [--gigabytes 1] [--kills 6] [--moment created|asked|fetching] [--s3] [--seed 1a2b3c4d]
 *
 * An order of a small slide goes before it undisturbed: what it comes to is what the other has to come to. The first kill
 * falls into the first part, of which nothing is noted: its upload is left to housekeeping. `fetching` is for --s3: from a
 * folder the vendor fetches through the adapter, and the simulator tries that once, so that a kill in the middle of it
 * fails the order. PostgreSQL: TEST_DATABASE_URL, in a schema of its own.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { numbersOf } from '../../sandbox/random.ts';
import { partSize } from '../../src/orders/uploads.ts';
import { until } from '../support/until.ts';
import { checkResults } from './count.ts';
import type { OrderPage } from './reading.ts';
import { releaseHeld } from './release-held.ts';
import { isMoment, type Trap } from './run-gate.ts';
import { checkFetches, checkLeft, checkRun, checkStanding } from './slide-count.ts';
import { openSlideWard } from './slide-ward.ts';

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '1' },
    kills: { type: 'string', default: '6' },
    moment: { type: 'string', default: 'created' },
    s3: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
});
const size = Math.round(Number(values.gigabytes) * 1e9);
const kills = Number(values.kills);
const { moment } = values;
assert.ok(size > 0 && kills > 0 && isMoment(moment), 'see the head of this file');
const seed = values.seed ?? randomBytes(4).toString('hex');
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const random = numbersOf(seed);
/** Milliseconds at most from the byte that was waited for to the kill: it falls into the writing and the noting, too. */
const LATER_MS = 30;

const ward = await openSlideWard(size, values.s3 ? 's3' : 'folder');
const { read, host, gate, sandbox } = ward;
const part = partSize(size, { least: 1, most: size });
const hasFetched = () =>
  (sandbox.ledger.read().aignostics?.calls ?? []).some(({ endpoint }) => endpoint === 'GET (slide)');

let sprung = false;
const trap: Trap = {
  moment,
  fetched: () => until('the vendor to fetch the slide', hasFetched, 60),
  async spring() {
    await ward.kill();
    sprung = true;
  },
};

try {
  say(
    `seed ${seed}: a slide of ${megabytes(size)} in parts of ${megabytes(part)}, ${kills} kills, one more at the run (${moment}), ${values.s3 ? 'S3' : 'folder'}`,
  );
  await ward.place('small');
  await settled(1);
  sandbox.ledger.reset();
  const begun = Date.now();
  const history: number[] = [];
  let orphans = 0;
  let reached = host.reach(part * (0.1 + 0.8 * random()));
  await ward.place('hosted');
  for (let kill = 0; kill < kills; kill++) {
    await inTime('the slide to be fetched so far', reached);
    await (kill > 0 && pause(random() * LATER_MS));
    await ward.kill();
    const noted = await ward.noted();
    history.push(noted?.bytes ?? 0);
    orphans += await checkStanding(ward, noted, orphans);
    const last = host.fetches.at(-1);
    say(
      `  kill ${kill + 1}: ${megabytes(noted?.bytes ?? 0)} noted${noted?.done ? ', whole' : ''}; of the part at ${megabytes(last?.start ?? 0)}, ${megabytes(last?.sent ?? 0)} had left`,
    );
    if (kill + 1 < kills) {
      reached = host.reach(nextPlace(noted?.bytes ?? 0, kills - kill - 1));
    } else {
      gate.set(trap);
    }
    await ward.revive();
  }
  await until('the creation of the run', () => sprung, 120);
  await ward.revive();
  const released = await settled(2);
  const seconds = ((Date.now() - begun) / 1000).toFixed(0);
  const fetched = checkFetches(host.fetches, { size, part, history });
  const pages = await Promise.all((await read.list()).map(({ id }) => read.order(id)));
  const results = await checkResults(ward.ehrUrl, ['small', 'hosted'], pages);
  const bills = checkRun(ward, size);
  const left = await checkLeft(ward, orphans);
  say(
    `fetched ${megabytes(fetched.parts)} of the slide in ${fetched.count} requests (at most ${megabytes(size + kills * part)}), and ${megabytes(fetched.headers)} for its header`,
  );
  say(
    `1 order, ${bills.created} run created, ${bills.runs} run and ${bills.slides} slide billed; ${results.resources} resources in ${results.sets} complete sets alike, nothing twice, ${results.orphans} Binaries orphaned`,
  );
  say(
    `${left.slides} slides left in the storage, ${orphans} upload begun and never noted (aborted by housekeeping), ${left.results} result files, all known; ${released} holds released; ${seconds} s`,
  );
} finally {
  await ward.close();
}

/** Where the next kill falls; the last one at the slide's end, when the copy is made whole. */
function nextPlace(from: number, remaining: number): number {
  return remaining === 1 && kills > 2 ? size : from + ((size - from) / (remaining + 0.5)) * (0.5 + 0.5 * random());
}

async function inTime(what: string, work: Promise<void>): Promise<void> {
  let isDone = false;
  void work.then(() => {
    isDone = true;
  });
  await until(what, () => isDone, 120);
}

/** Waits until so many orders are completed; a second doubt holds one, which a person (this script) releases. */
async function settled(count: number): Promise<number> {
  let released = 0;
  try {
    await until(
      `${count} orders to be completed`,
      async () => {
        const { list, released: now } = await releaseHeld(read, until);
        released += now;
        assert.ok(list.length <= count, `${list.length} orders`);
        await pause(100);
        return list.length === count && list.every(({ status }) => status === 'completed');
      },
      300,
    );
  } catch (thrown) {
    for (const { id } of await read.list().catch(() => [])) {
      tell(await read.order(id));
    }
    throw thrown;
  }
  return released;
}

function tell({ id, status, lastError, timeline }: OrderPage): void {
  const events = timeline.slice(-6).map(({ event }) => event);
  say(`${id} ${status} ${JSON.stringify(lastError)} ${events.join(' ')}`);
}

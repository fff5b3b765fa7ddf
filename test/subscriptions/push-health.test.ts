import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openLog } from '../../src/log.ts';
import { type OpenPushHealth, openPushHealth, readPushState } from '../../src/subscriptions/push-health.ts';
import { memoryCursors } from './doubles.ts';

const MINUTE = 60_000;

/** A process: its own memory, the clock and the cursors it may share with others. */
function rig(cursors = memoryCursors(), clock = { at: Date.parse('2026-03-01T12:00:00Z') }) {
  const lines: { level: number; msg: string }[] = [];
  const states: string[] = [];
  const log = openLog('info', { write: (line) => void lines.push(JSON.parse(line)) });
  const health: OpenPushHealth = openPushHealth({
    cursors,
    log,
    now: () => new Date(clock.at),
    onState: (_, state) => void states.push(state),
  });
  const after = (minutes: number) => {
    clock.at += minutes * MINUTE;
    return new Date(clock.at);
  };
  /** The sweep finds now what changed so many minutes ago, on a server whose clock is `ahead` of ours. */
  const miss = (minutesAgo: number, ahead = 0) => {
    const now = clock.at + ahead;
    health.missed('general', new Date(now - minutesAgo * MINUTE), new Date(now));
  };
  return { health, cursors, clock, lines, states, after, miss, state: () => health.state('general') };
}

test('nothing seen: unknown; a notification: works; a change that none told of: silent, until the next one comes', () => {
  const { health, state, after, miss, lines, states } = rig();
  assert.equal(state(), 'unknown');
  after(10);
  health.arrived('general');
  assert.equal(state(), 'works');
  after(10);
  miss(6);
  assert.equal(state(), 'silent');
  miss(6);
  after(10);
  miss(7);
  assert.deepEqual(lines.length, 1);
  assert.match(lines[0]?.msg ?? '', /no notification told of it.*http\.publicUrl/);
  health.arrived('general');
  assert.equal(state(), 'works');
  assert.match(lines[1]?.msg ?? '', /come again/);
  assert.deepEqual(states, ['works', 'silent', 'works']);
  assert.equal(health.state('another'), 'unknown');
});

test('what is younger than five minutes may still be on its way', () => {
  const { state, after, miss } = rig();
  after(60);
  miss(4.9);
  assert.equal(state(), 'unknown');
  miss(5);
  assert.equal(state(), 'silent');
});

test('where no server is to notify, nothing is missed', () => {
  const clock = { at: Date.parse('2026-03-01T12:00:00Z') };
  const now = () => new Date(clock.at);
  const health = openPushHealth({ cursors: memoryCursors(), log: openLog('silent'), now, expects: () => false });
  clock.at += 30 * MINUTE;
  health.missed('general', new Date(clock.at - 10 * MINUTE), now());
  assert.equal(health.state('general'), 'unknown');
});

test('one that was lost among others that came is no silence', () => {
  const { health, state, after, miss } = rig();
  after(30);
  health.arrived('general');
  after(1);
  miss(8);
  assert.equal(state(), 'works');
});

test('what changed before this process was there, or before the Subscription was active, could not be told', () => {
  const { health, state, after, miss } = rig();
  after(10);
  miss(20);
  assert.equal(state(), 'unknown');
  health.renewed('general');
  after(6);
  miss(7);
  assert.equal(state(), 'unknown');
  miss(5.5);
  assert.equal(state(), 'silent');
});

test('a server whose clock is hours away is judged by the age of the change', () => {
  for (const ahead of [-8, 8]) {
    const { health, state, after, miss } = rig();
    after(30);
    health.arrived('general');
    after(10);
    miss(11, ahead * 60 * MINUTE);
    assert.equal(state(), 'works');
    miss(9, ahead * 60 * MINUTE);
    assert.equal(state(), 'silent');
  }
});

test('processes share what they saw; a restart remembers it', async () => {
  const cursors = memoryCursors();
  const clock = { at: Date.parse('2026-03-01T12:00:00Z') };
  const one = rig(cursors, clock);
  const other = rig(cursors, clock);
  one.after(30);
  one.miss(10);
  await one.health.share('general');
  assert.equal(readPushState(cursors.values.get('push')), 'silent');
  await other.health.share('general');
  assert.equal(other.state(), 'silent');
  // Said once, by whoever saw it.
  assert.deepEqual([one.lines.length, other.lines.length], [1, 0]);
  one.after(1);
  other.health.arrived('general');
  await other.health.stop();
  await one.health.share('general');
  assert.equal(one.state(), 'works');
  const restarted = rig(cursors, clock);
  await restarted.health.share('general');
  assert.equal(restarted.state(), 'works');
});

test('a thousand notifications are a handful of writes, and the last of them is written all the same', async () => {
  const cursors = memoryCursors();
  let writes = 0;
  const counting: typeof cursors = {
    ...cursors,
    set(...words) {
      writes += 1;
      return cursors.set(...words);
    },
  };
  const { health, clock } = rig(counting);
  for (let at = 0; at < 1000; at += 1) {
    health.arrived('general');
    clock.at += 10;
    await Promise.resolve();
  }
  await health.stop();
  assert.ok(writes <= 3, `${writes} writes`);
  const { arrived } = JSON.parse(cursors.values.get('push') ?? '{}');
  assert.equal(Date.parse(arrived), clock.at - 10);
});

test('a database that is away costs nothing but the sharing', async () => {
  const away = async () => {
    throw new Error('away');
  };
  const { health, state } = rig({ ...memoryCursors(), get: away, set: away });
  health.arrived('general');
  await health.share('general');
  assert.equal(state(), 'works');
});

test('whatever stands in the cursor can be read', () => {
  assert.equal(readPushState(undefined), 'unknown');
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.ok(['unknown', 'works', 'silent'].includes(readPushState(text)));
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError, ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import type { Order } from '../../src/orders/order.ts';
import { STATES, STATUSES } from '../../src/orders/states.ts';
import { owesTask } from '../../src/orders/task-view.ts';
import { applyStep, backoffSeconds, giveUp, resume, retryLater, unansweredAt } from '../../src/orders/transitions.ts';

const NOW = new Date('2026-11-22T10:00:00Z');

const blank: Order = {
  id: '1',
  publicId: 'p',
  key: 'site/DocumentReference/1/route',
  baseKey: 'site/DocumentReference/1/route',
  generation: 1,
  site: 'site',
  route: 'route',
  vendor: 'toy',
  resourceType: 'DocumentReference',
  resourceId: '1',
  seenVersion: null,
  seenUpdated: null,
  signature: null,
  status: 'working',
  leg: 'vendor',
  run: 1,
  state: {},
  publishing: null,
  effect: null,
  effectKey: null,
  question: null,
  answer: null,
  reason: null,
  outcome: null,
  heldBy: null,
  heldUntil: null,
  businessStatus: null,
  approved: null,
  deadline: null,
  deadlineWhat: null,
  taskId: 't',
  taskVersion: '1',
  taskShown: null,
  taskSaid: null,
  taskAt: null,
  notes: null,
  paused: null,
  awaiting: null,
  ehrTask: null,
  attempts: 0,
  lastError: null,
  nextAt: NOW,
  createdAt: NOW,
  startedAt: null,
  endedAt: null,
  news: null,
  cancel: null,
  retry: null,
  claims: 1,
  fence: '1',
};

const CODES = Object.keys(ERROR_CODES).filter((code): code is ErrorCode => code in ERROR_CODES);
/** Orders that are worked on: neither held nor ended. */
const MOVING = STATUSES.filter((status) => status !== 'held' && !STATES[status].ended);
const orders = fc
  .record({
    status: fc.constantFrom(...MOVING),
    leg: fc.constantFrom('read' as const, 'vendor' as const, 'write' as const),
    state: fc.constantFrom(null, {}),
    attempts: fc.nat(60),
    effect: fc.constantFrom(null, 'bill'),
  })
  .map((fields): Order => ({ ...blank, ...fields, effectKey: fields.effect && `${fields.effect}/1` }));
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const errors = fc
  .record({
    code: fc.constantFrom(...CODES),
    kind: fc.constantFrom('transient', 'ambiguous', 'permanent'),
    remedy: fc.constantFrom('fail', 'refuse', 'hold'),
    retryAfter: fc.option(fc.nat(86_400), { nil: undefined }),
  })
  .map(
    ({ code, kind, remedy, retryAfter }) =>
      new AdapterError(code, 'said publicly', { kind, remedy, ...(retryAfter !== undefined && { retryAfter }) }),
  );
const reason = { code: 'vendor-rejected', text: 'It could not be done.' } as const;
const after = fc.option(fc.nat(10_000), { nil: undefined });
const steps = fc.oneof(
  after.map((seconds) => ({ next: { a: 1 }, ...(seconds !== undefined && { after: seconds }), status: 'RUNNING' })),
  fc.constant({ effect: 'bill', key: 'bill/2' }),
  fc.constant({ publish: {}, next: {} }),
  fc.constant({ ask: { id: 'size', text: 'How large?' }, next: {} }),
  fc.constant({ hold: reason }),
  fc.constant({ hold: reason, until: new Date(NOW.getTime() + 1000) }),
  fc.constant({ done: {} }),
  fc.constant({ refuse: reason }),
  fc.constant({ fail: reason }),
);

test('a backoff is never shorter than 0.2 s, never longer than 5 minutes, and never more than doubles', () => {
  fc.assert(
    fc.property(fc.nat(1_000_000), random, (attempts, chance) => {
      const seconds = backoffSeconds(attempts, chance);
      assert.ok(seconds >= 0.2 && seconds <= 300);
      assert.ok(seconds <= Math.max(0.2, 2 ** Math.min(attempts, 20)));
      assert.ok(backoffSeconds(attempts + 1, chance) >= seconds);
      assert.ok(backoffSeconds(attempts + 1, chance) <= Math.max(0.4, 2 * seconds));
    }),
  );
});

test('a transient error comes again no sooner than asked, or is held in the end; it never ends an order', () => {
  fc.assert(
    fc.property(orders, errors, random, (order, error, chance) => {
      const { order: next } = retryLater(order, error, NOW, chance);
      if (next.status === 'held') {
        assert.ok(order.attempts + 1 >= (error.code === 'unexpected' ? 5 : 25));
        assert.equal(next.nextAt, null);
      } else {
        const wait = ((next.nextAt?.getTime() ?? 0) - NOW.getTime()) / 1000;
        assert.ok(wait >= (error.retryAfter ?? 0) && wait >= 0.2);
        assert.ok(wait <= Math.max(error.retryAfter ?? 0, 300));
        assert.equal(next.status, order.status);
        assert.equal(next.attempts, order.attempts + 1);
      }
      assert.equal(next.leg, order.leg);
      assert.equal(next.effectKey, order.effectKey, 'a doubt is forgotten');
    }),
  );
});

test('whatever goes wrong for good leaves an order that somebody is told of', () => {
  fc.assert(
    fc.property(orders, errors, (order, error) => {
      const { order: next } = giveUp(order, error, NOW, undefined);
      assert.equal(next.status, error.remedy === 'hold' ? 'held' : error.remedy === 'refuse' ? 'rejected' : 'failed');
      assert.equal(next.reason?.code, error.code);
      assert.equal(next.leg, error.remedy === 'hold' ? order.leg : 'tell');
      assert.equal(next.nextAt === null, error.remedy === 'hold');
    }),
  );
});

test('every step of a vendor leads to a state of the table, and none leaves an order asleep for ever', () => {
  fc.assert(
    fc.property(orders, steps, (order, step) => {
      const { order: next } = applyStep({ ...order, leg: 'vendor' }, step, NOW);
      const facts = STATES[next.status];
      assert.ok(facts);
      assert.equal(facts.ended, next.endedAt !== null);
      assert.equal(next.leg === 'tell', facts.ended);
      assert.equal(next.leg === 'write', 'done' in step || 'publish' in step);
      assert.equal(next.effect !== null, 'effect' in step);
      const forPeople = next.status === 'waiting' || next.status === 'held';
      assert.ok(next.nextAt !== null || forPeople);
      assert.equal(next.status === 'waiting', next.question !== null);
      assert.ok(next.nextAt === null || next.nextAt >= NOW);
      assert.equal(next.reason !== null, forPeople || facts.ended);
      assert.equal(next.attempts, 0);
    }),
  );
});

test('an order that goes on has the status of its leg and nothing of its hold', () => {
  fc.assert(
    fc.property(orders, (order) => {
      const next = resume({ ...order, status: 'held', heldBy: 'c', heldUntil: NOW, reason, attempts: 7 }, NOW);
      assert.deepEqual([next.heldBy, next.heldUntil, next.reason, next.attempts], [null, null, null, 0]);
      const begun = order.state === null ? 'received' : 'working';
      assert.equal(next.status, order.leg === 'read' ? 'received' : order.leg === 'write' ? 'writing' : begun);
    }),
  );
});

test('the table: ended states are told and shown as ended, the others are not', () => {
  const ended = STATUSES.filter((status) => STATES[status].ended);
  assert.deepEqual(ended, ['completed', 'withdrawn', 'rejected', 'failed', 'cancelled']);
  for (const status of STATUSES) {
    assert.equal(['completed', 'rejected', 'failed', 'cancelled'].includes(STATES[status].task), STATES[status].ended);
  }
  assert.equal(owesTask({ ...blank, leg: 'write' }, NOW), false, 'results bring their Task along');
  assert.equal(owesTask({ ...blank, leg: 'tell', status: 'failed' }, NOW), true);
});

test('a day’s limit is over when the next day begins', () => {
  assert.equal(unansweredAt({ id: 'limit/per-day/2026-12-31', text: '' })?.toISOString(), '2027-01-01T00:00:00.000Z');
  assert.equal(unansweredAt({ id: 'limit/per-order', text: '' }), null);
  assert.equal(unansweredAt(null), null);
});

/** The arithmetic of event numbers: what a message means, whatever was lost, doubled or overtaken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hear, isSilent, missing, recoveredUpTo, STRAGGLERS, type Told } from '../../src/subscriptions/gaps/hear.ts';
import { formatState, type GapState, parseState } from '../../src/subscriptions/gaps/state.ts';

/** A bundle of `count` events that ends with number `total`, as a steady server sends it. */
function bundle(total: number, count = 1, run = 'a'): Told {
  const numbers = Array.from({ length: count }, (_, index) => total - count + 1 + index);
  return {
    kind: 'event-notification',
    total: BigInt(total),
    events: numbers.map((number) => ({ number: BigInt(number), mark: `${run}${number}` })),
  };
}
const heartbeat = (total: number): Told => ({ kind: 'heartbeat', total: BigInt(total), events: [] });

/** Hears messages one after the other, a second apart. */
function listen(messages: Told[], believe = false) {
  let state: GapState | undefined;
  let now = 0;
  const sweeps: number[] = [];
  const distrusts: string[] = [];
  for (const [index, told] of messages.entries()) {
    now += 1000;
    const heard = hear(parseState(state && formatState(state)) ?? state, told, now, believe);
    state = heard.state;
    if (heard.sweep) {
      sweeps.push(index);
    }
    if (heard.distrusted !== undefined) {
      distrusts.push(heard.distrusted);
    }
  }
  assert.ok(state);
  return { state, now, sweeps, distrusts };
}

test('numbers that follow each other leave nothing to do, in one bundle or in several', () => {
  const { state, sweeps } = listen([heartbeat(0), bundle(1), bundle(4, 3), heartbeat(4), bundle(5)]);
  assert.deepEqual([state.upTo, state.top, state.due, sweeps], [5n, 5n, undefined, []]);
});

test('a missing number is given time for stragglers, and then is to be recovered', () => {
  const { state, now, sweeps } = listen([heartbeat(0), bundle(1), bundle(4, 2)]);
  assert.deepEqual([sweeps, missing(state, now)], [[], undefined]);
  assert.deepEqual(missing(state, now + STRAGGLERS), { from: 2n, until: 4n });
  const late = listen([heartbeat(0), bundle(1), bundle(4, 2), bundle(2)]);
  assert.equal(missing(late.state, late.now + STRAGGLERS), undefined);
});

test('what goes on arriving puts the recovery off no further', () => {
  const { state } = listen([
    heartbeat(0),
    bundle(1),
    bundle(3),
    ...Array.from({ length: 20 }, (_, n) => bundle(n + 4)),
  ]);
  assert.deepEqual(missing(state, 3000 + STRAGGLERS), { from: 2n, until: 23n });
});

test('a heartbeat tells of a lost last event', () => {
  const { state, now } = listen([heartbeat(0), bundle(1), heartbeat(2)]);
  assert.deepEqual(missing(state, now + STRAGGLERS), { from: 2n, until: 2n });
});

test('what was recovered is not looked for again, and may still come late', () => {
  const { state, now } = listen([heartbeat(0), bundle(1), bundle(3)]);
  const after = recoveredUpTo(state, 3n, now);
  assert.deepEqual([missing(after, now + 1e9), after.upTo], [undefined, 3n]);
  assert.deepEqual(hear(after, bundle(2), now, false).sweep, undefined);
});

test('an event that comes twice, early or late, is no reason for anything', () => {
  const { state, sweeps, distrusts } = listen([
    heartbeat(0),
    bundle(1),
    bundle(1),
    bundle(3, 2),
    bundle(1),
    bundle(3, 2),
  ]);
  assert.deepEqual([state.upTo, sweeps, distrusts], [3n, [], []]);
});

test('a counter that begins anew is swept for, and its count adopted', () => {
  const { state, sweeps, distrusts } = listen([
    heartbeat(0),
    bundle(1),
    bundle(2),
    bundle(1, 1, 'b'),
    bundle(2, 1, 'b'),
  ]);
  assert.deepEqual([state.upTo, sweeps, distrusts], [2n, [3], []]);
  const jump = listen([bundle(57), bundle(1, 1, 'b'), bundle(2, 1, 'b'), bundle(3, 1, 'b')]);
  assert.deepEqual([jump.state.upTo, jump.sweeps], [3n, [0, 1, 2]]);
  const idle = listen([heartbeat(57), heartbeat(0), heartbeat(0), heartbeat(0)]);
  assert.deepEqual([idle.state.upTo, idle.sweeps], [0n, [0, 1, 2]], 'not at every heartbeat for ever');
});

test('numbers that begin anew in each bundle, or stand still at "0", are not believed for long, and it is said once', () => {
  const anew = Array.from({ length: 9 }, (_, index) => bundle(1, 1, `event ${index} `));
  const still = Array.from(
    { length: 9 },
    (_, index): Told => ({
      kind: 'event-notification',
      total: 0n,
      events: [{ number: 0n, mark: `event ${index}` }],
    }),
  );
  for (const messages of [anew, still]) {
    const { distrusts, sweeps, state } = listen(messages);
    assert.equal(distrusts.length, 1);
    assert.ok(sweeps.length <= 4);
    assert.equal(missing({ ...state, top: 99n, due: 0 }, 1), undefined);
    const trusted = listen(messages, true);
    assert.deepEqual([trusted.distrusts, trusted.sweeps.length >= 8], [[], true]);
  }
});

test('a server that restarts now and then keeps its trust', () => {
  const runs = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((run) =>
    Array.from({ length: 25 }, (_, index) => bundle(index + 1, 1, run)),
  );
  assert.deepEqual(listen(runs).distrusts, []);
});

test('events without numbers say nothing, and total and count stand in for numbers that are missing', () => {
  const plain = { kind: 'event-notification', events: [{ mark: 'x' }] };
  const { state, sweeps } = listen([heartbeat(0), plain, plain]);
  assert.deepEqual([state.upTo, sweeps], [0n, []]);
  const counted = listen([heartbeat(0), { ...plain, total: 1n }, { ...plain, total: 3n, events: [{ mark: 'y' }] }]);
  assert.deepEqual(missing(counted.state, 1e9), { from: 2n, until: 3n });
});

test('silence is two heartbeats long, and is asked about once in that time', () => {
  const { state, now } = listen([heartbeat(0)]);
  assert.equal(isSilent(state, 60, now + 120_000), false);
  assert.equal(isSilent(state, 60, now + 120_001), true);
  assert.equal(isSilent({ ...state, askedAt: now + 120_001 }, 60, now + 130_000), false);
});

test('what is kept is read back as it was, and anything else begins anew', () => {
  const { state } = listen([bundle(5), bundle(9, 2), heartbeat(12)]);
  assert.deepEqual(parseState(formatState(state)), state);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.equal(parseState(text), undefined);
    }),
  );
});

test('any message at all is taken without harm', () => {
  const number = fc.option(fc.bigInt({ min: 0n, max: 10n ** 19n }), { nil: undefined });
  const told = fc.record({
    kind: fc.constantFrom('handshake', 'heartbeat', 'event-notification', 'query-event', 'odd'),
    total: number,
    events: fc.array(fc.record({ number, mark: fc.constantFrom('', 'a', 'b') }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(told, { maxLength: 30 }), (messages) => {
      const some = messages.map(
        ({ kind, total, events }): Told => ({
          kind,
          ...(total !== undefined && { total }),
          events: events.map(({ number: one, mark }) => ({ mark, ...(one !== undefined && { number: one }) })),
        }),
      );
      const { state } = listen([heartbeat(0), ...some]);
      assert.ok(state.upTo <= state.top);
      assert.deepEqual(parseState(formatState(state)), state);
    }),
  );
});

/**
 * A steady server makes events in bundles with heartbeats between them; each message may be lost, doubled and moved.
 * What a step of the story is: a message that arrives then, or time that passes so that what is due is recovered.
 */
const story = fc.array(
  fc.record({
    size: fc.integer({ min: 0, max: 3 }),
    /** Steps by which each copy is late; none: lost. */
    copies: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 3 }),
    passes: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

test('whatever a steady server’s messages go through, every lost event is recovered, and none for ever', () => {
  fc.assert(
    fc.property(story, (steps) => {
      const known = new Set<number>();
      const arrivals = new Map<number, Told[]>();
      let total = 0;
      let now = 0;
      let recoveries = 0;
      let state = hear(undefined, heartbeat(0), now, false).state;
      const sweep = () => {
        for (let event = 1; event <= total; event += 1) {
          known.add(event);
        }
      };
      const arrive = (told: Told) => {
        for (const { number } of told.events) {
          known.add(Number(number));
        }
        const heard = hear(state, told, now, false);
        assert.equal(heard.distrusted, undefined, 'a steady server is believed');
        state = heard.state;
        if (heard.sweep) {
          sweep();
        }
      };
      const recover = () => {
        const range = missing(state, now);
        if (range) {
          recoveries += 1;
          assert.ok(range.until <= BigInt(total));
          for (let event = range.from; event <= range.until; event += 1n) {
            known.add(Number(event));
          }
          state = recoveredUpTo(state, range.until, now);
        }
        return range !== undefined;
      };
      for (const [index, { size, copies, passes }] of steps.entries()) {
        total += size;
        const told = size === 0 ? heartbeat(total) : bundle(total, size);
        for (const late of copies) {
          arrivals.set(index + late, [...(arrivals.get(index + late) ?? []), told]);
        }
        for (const came of arrivals.get(index) ?? []) {
          arrive(came);
        }
        if (passes) {
          now += STRAGGLERS;
          recover();
        }
      }
      // In the end the server falls quiet and its heartbeats arrive.
      for (let beat = 0; beat < 4; beat += 1) {
        arrive(heartbeat(total));
        now += STRAGGLERS;
        recover();
      }
      assert.deepEqual(
        [...known].sort((a, b) => a - b),
        Array.from({ length: total }, (_, index) => index + 1),
      );
      const before = recoveries;
      for (let beat = 0; beat < 5; beat += 1) {
        arrive(heartbeat(total));
        now += STRAGGLERS;
        assert.equal(recover(), false, 'it comes to rest');
      }
      assert.equal(recoveries, before);
    }),
    { numRuns: 2000 },
  );
});

test('a steady server whose messages all arrive in order is never swept or asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 60 }), (sizes) => {
      let total = 0;
      const messages = sizes.map((size) => {
        total += size;
        return size === 0 ? heartbeat(total) : bundle(total, size);
      });
      const { state, sweeps } = listen([heartbeat(0), ...messages]);
      assert.deepEqual([state.upTo, state.due, sweeps], [BigInt(total), undefined, []]);
    }),
  );
});

/**
 * A Datahub in memory and a loop that plays the engine, as small as a property needs: what the engine promises of a call
 * that must not be repeated (written ahead, looked up, tried so often), and what a vendor, a person and a crash may do.
 */
import { AdapterError } from '../../../src/errors.ts';
import type { Answer, Context, Part, Step } from '../../../src/vendors/contract.ts';
import { advance } from '../../../src/vendors/histai/advance.ts';
import type { Ctx } from '../../../src/vendors/histai/ctx.ts';
import { payEffect } from '../../../src/vendors/histai/pay.ts';
import { options, settings } from '../../../src/vendors/histai/settings.ts';
import { type Result, type State, state as stateSchema } from '../../../src/vendors/histai/state.ts';
import type { VendorRequest, VendorResponse } from '../../../src/vendors/http.ts';

export const MINUTE = 60_000;
const COHORT = 'cohort-1';
const CASES = [{ caseId: 'case-1', slideIds: ['slide-1', 'slide-2'] }];

/** What may happen; each is one event of a sequence. */
export const EVENTS = [
  'step',
  'approve',
  'decline',
  'wrong amount',
  'answer to an earlier question',
  'a minute',
  'a quarter of an hour',
  'a week',
  'the price rises',
  'the cohort is changed',
  'the cohort is mended',
  'the balance is gone',
  'the balance is back',
  'the next answer is lost',
  'the next payment fails',
  'the next payment lands later',
  'what was sent lands',
  'the next look fails',
  'the process dies before it sends',
  'the process dies before it stores',
  'somebody else pays',
  'an operator retries',
  'the order is cancelled',
] as const;
export type Event = (typeof EVENTS)[number];

/** A charge on the account, as it was when the payment was sent. */
export interface Charge {
  key: string;
  sentAt: number;
  cents: number;
  cases: string;
}

/** What a person has approved. */
interface Approved {
  at: number;
  cents: number;
  cases: string;
}

interface Ended {
  status: 'working' | 'waiting' | 'held' | 'ended';
}

export function openModel() {
  let now = Date.parse('2026-11-22T10:00:00Z');
  const charges: Charge[] = [];
  const approvals: Approved[] = [];
  const keys = new Set<string>();
  const topUps: number[] = [];
  const vendor = { status: 'UNPAID', cents: 1000, cases: structuredClone(CASES), balance: 5000, elsewhere: false };
  const next = new Set<Event>();
  let late: Charge | undefined;
  const content = () => JSON.stringify(vendor.cases);
  const take = (event: Event): boolean => next.delete(event);

  function land(charge: Charge): void {
    if (vendor.status === 'UNPAID') {
      vendor.status = 'PAID';
      charges.push(charge);
    }
  }

  function answer(status: number, body: unknown): VendorResponse {
    const bytes = Buffer.from(JSON.stringify(body));
    return { status, headers: {}, json: () => body, bytes: () => bytes };
  }

  const lost = () => new AdapterError('vendor-timeout', 'no answer', { kind: 'ambiguous' });

  /** The vendor's own rules: one payment a cohort, one charge a key. */
  function pay(key: string): VendorResponse {
    keys.add(key);
    const charge: Charge = { key, sentAt: now, cents: vendor.cents, cases: content() };
    if (charges.some((one) => one.key === key)) {
      return answer(200, { status: 'PAID' });
    }
    if (vendor.status === 'PAID') {
      return answer(409, { code: 'COHORT_ALREADY_PAID' });
    }
    if (vendor.balance < vendor.cents) {
      return answer(402, { code: 'INSUFFICIENT_FUNDS' });
    }
    if (take('the next payment fails')) {
      throw lost();
    }
    if (take('the next payment lands later')) {
      late = charge;
      throw lost();
    }
    land(charge);
    if (take('the next answer is lost')) {
      throw lost();
    }
    return answer(200, { status: 'PAID' });
  }

  async function request({ method, path, headers = {}, json }: VendorRequest): Promise<VendorResponse> {
    if (path.includes('topup')) {
      topUps.push(now);
      return answer(200, json);
    }
    if (method === 'POST' && path.endsWith('/pay')) {
      return pay(headers['Idempotency-Key'] ?? '');
    }
    if (take('the next look fails')) {
      throw new AdapterError('vendor-error', 'busy', { kind: 'transient' });
    }
    if (path.endsWith('/export/status')) {
      return answer(200, { status: 'PREPARING' });
    }
    if (path.endsWith('/balance')) {
      return answer(200, { balance: vendor.balance / 100, currency: 'USD' });
    }
    if (path.endsWith('/status')) {
      return answer(200, { status: vendor.status });
    }
    if (method === 'GET' && path.endsWith(COHORT)) {
      const { status, cents, cases } = vendor;
      return answer(200, { cohortId: COHORT, status, cases, totalPriceUsd: cents / 100, currency: 'USD' });
    }
    // Another cohort would be a second purchase: whoever asks for one has to be told that it cannot be had.
    throw new AdapterError('vendor-rejected', `not in this model: ${method} ${path}`, { kind: 'permanent' });
  }

  const parts: Part[] = [{ name: 'choice', data: CASES }];
  const context = (said: Answer | undefined): Ctx => {
    const known: Partial<Context<Ctx['settings'], Ctx['order']['options']>> = {
      settings: settings.parse({ apiKey: 'key' }),
      order: {
        ...{ key: 'site/ServiceRequest/1/cohort', site: 'site', route: 'cohort', options: options.parse({}) },
        ...{ focus: { resourceType: 'Basic', code: {} }, inputs: [], pseudonym: '' },
      },
      http: { request },
      parts: { list: async <Data>() => parts as Part<Data>[], put: async () => {} },
      disclose: async () => {},
      signal: new AbortController().signal,
      now: () => new Date(now),
      ...(said && { answer: said }),
    };
    // What a phase that the model does not reach would use is not there.
    return known as Ctx;
  };

  const engine: Ended & {
    state: State;
    effect?: { kind: string; key: string };
    calls: Map<
      string,
      { state: 'started' | 'unknown' | 'answered' | 'not-taken'; doubts: number; allowed: number; answer?: unknown }
    >;
    question?: { id: string; exactly?: number; choices: string[]; expires?: string };
    earlier?: string;
    given?: Answer;
  } = {
    status: 'working',
    calls: new Map(),
    state: stateSchema.parse({
      ...{ phase: 'offer', page: 0, seen: 0, fitting: 1, made: 1, asked: 0, approved: false, copied: false },
      ...{ wait: 0, tries: 0, missing: [], cohort: { id: COHORT, name: 'Research cohort' } },
      selection: {
        cases: 1,
        counts: { he: 2, other: 0 },
        byStain: [{ stain: 'H&E', slides: 2 }],
        fitting: 1,
        without: 0,
      },
    }),
  };

  /** The payment as the engine makes it: a row before, an answer after, a doubt settled first. */
  async function effect(): Promise<Answer | undefined> {
    const { kind = '', key = '' } = engine.effect ?? {};
    if (kind !== 'pay') {
      throw new Error(`The model has no effect ${kind}`);
    }
    const call = engine.calls.get(key) ?? { state: 'not-taken' as const, doubts: 0, allowed: 0 };
    engine.calls.set(key, call);
    if (call.state === 'answered') {
      return { to: 'effect', key, value: call.answer };
    }
    if (call.state === 'started') {
      call.state = 'unknown';
      call.doubts++;
    }
    if (call.state === 'unknown') {
      const found = await payEffect.lookup?.(engine.state, context(undefined), key);
      if (found !== undefined) {
        call.state = 'answered';
        call.answer = found;
        return { to: 'effect', key, value: found };
      }
      if (call.doubts > Math.max(call.allowed, (payEffect.most ?? Number.POSITIVE_INFINITY) - 1)) {
        engine.status = 'held';
        return undefined;
      }
    }
    call.state = 'started';
    if (take('the process dies before it sends')) {
      return undefined;
    }
    try {
      const value = await payEffect.send(engine.state, context(undefined), key);
      if (take('the process dies before it stores')) {
        return undefined;
      }
      call.state = 'answered';
      call.answer = JSON.parse(JSON.stringify(value));
      return { to: 'effect', key, value: call.answer };
    } catch (thrown) {
      if (thrown instanceof AdapterError && thrown.kind !== 'ambiguous') {
        call.state = 'not-taken';
      }
      throw thrown;
    }
  }

  function apply(step: Step<State, Result>): void {
    delete engine.effect;
    delete engine.given;
    if ('effect' in step) {
      engine.effect = { kind: step.effect, key: step.key };
    } else if ('ask' in step) {
      const { id, number, choices = {}, expires } = step.ask;
      engine.earlier = engine.question?.id ?? '';
      engine.question = {
        id,
        choices: Object.keys(choices),
        ...(number?.exactly !== undefined && { exactly: number.exactly }),
        ...(expires !== undefined && { expires }),
      };
      engine.state = step.next;
      engine.status = 'waiting';
    } else if ('next' in step) {
      engine.state = step.next;
    } else {
      engine.status = 'hold' in step ? 'held' : 'ended';
    }
  }

  async function step(): Promise<void> {
    const { question } = engine;
    const isOver =
      engine.status === 'waiting' && question?.expires !== undefined && Date.parse(question.expires) <= now;
    if (engine.status === 'waiting' && !engine.given && !isOver) {
      return;
    }
    if (engine.status === 'held' || engine.status === 'ended') {
      return;
    }
    engine.status = 'working';
    try {
      let said = engine.given;
      if (engine.effect) {
        said = await effect();
        if (!said) {
          return;
        }
      }
      // Through its schema, as the database gives it back.
      engine.state = stateSchema.parse(JSON.parse(JSON.stringify(engine.state)));
      apply(await advance(engine.state, context(said)));
    } catch (thrown) {
      if (!(thrown instanceof AdapterError)) {
        throw thrown;
      }
      if (thrown.kind === 'permanent') {
        engine.status = 'held';
      }
    }
  }

  function give(value: number | string, id = engine.question?.id ?? ''): void {
    // As the store takes it: one answer, to the open question.
    if (engine.status === 'waiting' && !engine.given && id === engine.question?.id) {
      engine.given = { to: 'question', id, value, by: 'ada', at: new Date(now).toISOString() };
    }
  }

  const happens: Partial<Record<Event, () => unknown>> = {
    step,
    approve() {
      const { question } = engine;
      if (engine.status === 'waiting' && !engine.given && question?.exactly !== undefined) {
        approvals.push({ at: now, cents: Math.round(question.exactly * 100), cases: JSON.stringify(CASES) });
        give(question.exactly);
      } else if (question?.choices.includes('proceed')) {
        give('proceed');
      }
    },
    decline() {
      const choice = engine.question?.choices.find((one) => one === 'decline' || one === 'end');
      if (choice !== undefined) {
        give(choice);
      }
    },
    /** The API refuses it before it is stored; here it is the vendor's own check that is tried. */
    'wrong amount'() {
      give((engine.question?.exactly ?? 0) + 1);
    },
    'answer to an earlier question'() {
      give(10, engine.earlier);
    },
    'a minute'() {
      now += MINUTE;
    },
    'a quarter of an hour'() {
      now += 15 * MINUTE;
    },
    'a week'() {
      now += 7 * 24 * 60 * MINUTE;
    },
    'the price rises'() {
      vendor.cents += vendor.status === 'UNPAID' ? 100 : 0;
    },
    'the cohort is changed'() {
      if (vendor.status === 'UNPAID') {
        vendor.cases[0]?.slideIds.pop();
      }
    },
    'the cohort is mended'() {
      if (vendor.status === 'UNPAID') {
        vendor.cases = structuredClone(CASES);
      }
    },
    'the balance is gone'() {
      vendor.balance = 0;
    },
    'the balance is back'() {
      vendor.balance = 1_000_000;
    },
    'what was sent lands'() {
      if (late) {
        land(late);
        late = undefined;
      }
    },
    'somebody else pays'() {
      if (vendor.status === 'UNPAID') {
        vendor.status = 'PAID';
        vendor.elsewhere = true;
      }
    },
    'an operator retries'() {
      const call = engine.calls.get(engine.effect?.key ?? '');
      if (engine.status === 'held') {
        engine.status = 'working';
        if (call) {
          call.allowed = call.doubts;
        }
      }
    },
    'the order is cancelled'() {
      engine.status = 'ended';
    },
  };

  return {
    charges,
    approvals,
    keys,
    topUps,
    engine,
    async happen(event: Event): Promise<void> {
      const what = happens[event];
      if (what) {
        await what();
      } else {
        next.add(event);
      }
    },
  };
}

/** The suite against a vendor that has everything a vendor can have, so that the suite and the engine are tried whole. */
import { z } from 'zod';
import { AdapterError } from '../../src/errors.ts';
import { type Context, defineVendor, type Effect, type Vendor } from '../../src/vendors/contract.ts';
import { noteReading } from '../support/memory-ehr.ts';
import { toyFindings } from '../support/toy-vendor.ts';
import { vendorContract } from './contract.ts';
import { TOY_TOKEN, type ToyService, toyService } from './toy-service.ts';

const settings = z.strictObject({ token: z.string().min(1) });
const options = z.strictObject({ careful: z.boolean().default(true) });
const state = z.object({ phase: z.enum(['ask', 'subject', 'bill', 'buy', 'wait']), jobs: z.array(z.string()) });
const result = z.object({ found: z.number(), jobs: z.array(z.string()) });
const taken = z.object({ id: z.string() });
type State = z.infer<typeof state>;
type Toy = Context<z.infer<typeof settings>, z.infer<typeof options>>;

const ORDERED = { subject: 'bill', bill: 'buy', buy: 'wait' } as const;

function headers(context: Toy, key: string) {
  return { 'x-token': context.settings.token, 'x-order': context.order.key, 'x-key': key };
}

/** An effect that posts to `/{kind}`. */
function effect(kind: string, rest: Pick<Effect<State, Toy>, 'bills' | 'onUnknown' | 'lookup'>): Effect<State, Toy> {
  return {
    ...rest,
    async send(_state, context, key) {
      await context.disclose(['note'], 'note');
      const json = { note: await context.text('note') };
      const request = { method: 'POST', path: `/${kind}`, headers: headers(context, key), json, once: true } as const;
      const response = await context.http.request({ ...request, accept: [200, 402] });
      if (response.status === 402) {
        throw new AdapterError('vendor-quota', 'The purse is empty');
      }
      return taken.parse(response.json());
    },
  };
}

const toy = defineVendor<State, z.infer<typeof result>, z.infer<typeof settings>, z.infer<typeof options>>({
  name: 'toy',
  title: 'The toy',
  settings,
  options,
  state,
  result,
  connect: () => ({ baseUrl: 'http://127.0.0.1:1' }),
  needs: ['note'],
  credential: ({ token }) => token,
  begin: ({ inputs, patient }) =>
    inputs.length > 0 && patient
      ? { phase: 'ask', jobs: [] }
      : { refuse: { code: 'order-incomplete', text: 'There is no note or no patient.' } },
  async advance(now, context) {
    const { answer } = context;
    if (now.phase === 'ask') {
      return answer?.to === 'question'
        ? { next: { ...now, phase: 'subject' } }
        : { ask: { id: 'size', text: 'How large is it?', number: { unit: 'um' } }, next: now };
    }
    if (now.phase !== 'wait') {
      if (answer?.to !== 'effect') {
        return { effect: now.phase, key: `${now.phase}/1` };
      }
      const next: State = { phase: ORDERED[now.phase], jobs: [...now.jobs, taken.parse(answer.value).id] };
      return next.phase === 'wait' ? { publish: { found: 1, jobs: next.jobs }, next, after: 60 } : { next };
    }
    const looked = await context.http.request({
      method: 'GET',
      path: `/${now.jobs[2]}`,
      headers: headers(context, ''),
    });
    const { done } = z.object({ done: z.boolean() }).parse(looked.json());
    return done ? { done: { found: 3, jobs: now.jobs } } : { next: now, after: 3600, status: 'running' };
  },
  effects: {
    subject: effect('subject', {
      bills: 0,
      onUnknown: 'repeat-once',
      async lookup(_state, context, key) {
        const found = await context.http.request({ method: 'GET', path: '/subject', headers: headers(context, key) });
        return taken.safeParse(found.json()).data;
      },
    }),
    bill: effect('bill', { bills: 1, onUnknown: 'repeat-once' }),
    buy: effect('buy', { bills: 5, onUnknown: 'hold' }),
  },
  toFindings: ({ found, jobs }) => ({ ...toyFindings(found), jobs }),
  check: async () => 'fine',
});

let service: ToyService = toyService();
const lose = (path: string) => () => {
  service.lose = path;
};

vendorContract({
  // The engine knows vendors without their types, as the registry holds them.
  vendor: toy as unknown as Vendor,
  async openVendor() {
    service = toyService();
    return {
      settings: { token: TOY_TOKEN },
      wrongSettings: { token: 'another-token' },
      secrets: [TOY_TOKEN],
      http: service,
      ledger: async () => ({ ...service.taken }),
      close: async () => {},
    };
  },
  reading: (id) => ({
    ...noteReading(id, 'The patient was well. Nothing else was found in her.'),
    patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
  }),
  answers: { size: 7 },
  faults: [
    { name: 'the answer of an effect that can be looked up is lost', kind: 'ambiguous', set: lose('/subject') },
    { name: 'the answer of an effect that may be repeated is lost', kind: 'ambiguous', set: lose('/bill') },
    { name: 'the answer of an effect that a person must judge is lost', kind: 'ambiguous', set: lose('/buy') },
    {
      name: 'the vendor asks to wait',
      kind: 'transient',
      set() {
        service.busy = true;
      },
    },
    {
      name: 'the purse is empty',
      kind: 'quota',
      set() {
        service.purseEmpty = true;
      },
      mend() {
        service.purseEmpty = false;
      },
    },
  ],
});

/** A vendor that is all contract and no network: it does what a list of moves says, and keeps a ledger. */
import { z } from 'zod';
import type { Findings } from '../../src/findings.ts';
import {
  type Context,
  type Deadline,
  defineVendor,
  type Effect,
  type Step,
  type Vendor,
} from '../../src/vendors/contract.ts';

const stateSchema = z.object({ at: z.number(), heard: z.array(z.unknown()) });
type State = z.infer<typeof stateSchema>;
type ToyStep = Step<State, { heard: unknown[] }>;

export interface Toy {
  vendor: Vendor;
  /** Calls that the "vendor" took, by key. */
  ledger: string[];
  cancelled: string[];
}

/**
 * @param moves what `advance` answers at each point; a move that throws is tried again.
 * @param effects by kind, what `send` does after the ledger has it (throwing loses the answer).
 */
export function toyVendor(
  moves: ((state: State, context: Context) => ToyStep | Promise<ToyStep>)[],
  options: {
    effects?: Record<
      string,
      Partial<Effect<unknown>> & { after?: (key: string, ledger: string[]) => void; before?: () => void }
    >;
    /** True: there is nothing that could not be undone. */
    cancel?: true | ((context: Context) => Promise<string | undefined>);
    deadline?: (state: State) => Deadline | undefined;
    begin?: Vendor['begin'];
    watch?: Vendor['watch'];
    /** The state from which a finished order's result is fetched once more. */
    again?: (result: { heard: unknown[] }) => State;
    toFindings?: Vendor<State, { heard: unknown[] }>['toFindings'];
  } = {},
): Toy {
  const ledger: string[] = [];
  const cancelled: string[] = [];
  const effects = Object.fromEntries(
    Object.entries(options.effects ?? {}).map(([kind, effect]) => [
      kind,
      {
        bills: 1,
        onUnknown: 'repeat-once' as const,
        ...effect,
        async send(_state: unknown, _context: unknown, key: string) {
          effect.before?.();
          ledger.push(key);
          effect.after?.(key, ledger);
          return { took: key };
        },
      },
    ]),
  );
  const vendor = defineVendor<State, { heard: unknown[] }, unknown, unknown>({
    name: 'toy',
    title: 'Toy Vendor',
    settings: z.unknown(),
    options: z.unknown(),
    state: stateSchema,
    result: z.object({ heard: z.array(z.unknown()) }),
    connect: () => ({ baseUrl: 'http://127.0.0.1:1' }),
    needs: ['note'],
    credential: () => 'key',
    begin: (order) => (options.begin ? (options.begin(order) as State) : { at: 0, heard: [] }),
    async advance(state, context) {
      if (context.answer) {
        return { next: { at: state.at + 1, heard: [...state.heard, context.answer] } };
      }
      const move = moves[state.at];
      return move ? move(state, context) : { done: { heard: state.heard } };
    },
    effects,
    ...(options.cancel && {
      async cancel(_state: State, context: Context) {
        cancelled.push(context.order.key);
        return options.cancel === true ? undefined : options.cancel?.(context);
      },
    }),
    ...(options.deadline && { deadline: options.deadline }),
    ...(options.watch && { watch: options.watch }),
    ...(options.again && { again: options.again }),
    toFindings: options.toFindings ?? ((result) => toyFindings(result.heard.length)),
    check: async () => 'fine',
  });
  return { vendor: vendor as unknown as Vendor, ledger, cancelled };
}

export function toyFindings(count: number): Findings {
  return {
    model: { name: 'Toy', manufacturer: 'Toys', kinds: [] },
    report: { category: [], code: { text: 'toy' } },
    items: Array.from({ length: count }, (_, index) => ({
      part: `obs/${index}`,
      label: `finding ${index}`,
      resource: { resourceType: 'Observation', status: 'preliminary', code: { text: `finding ${index}` } },
      evidence: [],
    })),
    listed: [],
    missing: [],
    jobs: [],
  };
}

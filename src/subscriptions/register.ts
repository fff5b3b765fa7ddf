/**
 * Keeps our Subscriptions on a FHIR server as they shall be: creates what is missing, mends what differs, switches on
 * again what a server switched off, removes our own strays. Nobody else's is touched.
 */
import type { SiteConfig } from '../config/schema.ts';
import { type AdapterError, asAdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { acceptedSecrets } from './authenticate.ts';
import { listOurs } from './register/find.ts';
import { type FulfilOptions, fulfil, type Registered } from './register/fulfil.ts';
import { MANNERS, type Manner, mannerOf } from './register/manner.ts';
import { ownership, type Planned, plan, type Unplanned } from './register/plan.ts';
import { type AnySubscription, standingFor } from './register/shape.ts';
import { isOurs } from './register/wish.ts';

export type { Manner } from './register/manner.ts';

export interface RegisterResult {
  site: string;
  manner?: Manner;
  subscriptions: Registered[];
  /** Strays of ours that were removed. */
  removed: number;
  /** Where we do not register: what an administrator has to create, with a placeholder instead of the secret. */
  instructions: AnySubscription[];
  /** What the administrator has to know beside. */
  advice: string[];
  /** Why nothing could be done at all. */
  problem?: string;
}

export interface RegisterOptions extends Omit<FulfilOptions, 'anew'> {
  config: SiteConfig;
  /** What the FHIR server can reach; without it nothing can be registered. */
  publicUrl: string | undefined;
  log: Log;
  /** What earlier runs registered, of other processes and before a restart too. */
  known?: readonly Pick<Registered, 'id' | 'criteria'>[];
  /** Whether nothing comes of what stands, so that it is to be made anew; asked only where we register. */
  heals?(): Promise<boolean>;
}

const SECRET_PLACEHOLDER = '<subscriptions.secret>';

/** What stands for a plan: by what it says, or because we remember to have made it for the same search alone. */
function choose(
  { known = [] }: RegisterOptions,
  ours: readonly AnySubscription[],
  used: ReadonlySet<string>,
  { criteria, subscription }: Planned,
): AnySubscription | undefined {
  const made = known.filter((one) => one.criteria === criteria).map(({ id }) => id);
  const remembered = ours.find(({ id = '' }) => made.includes(id) && !used.has(id));
  return standingFor(ours, subscription)[0] ?? remembered;
}

function failed(criteria: string, error: AdapterError, standing: AnySubscription | undefined): Registered {
  const { id, status } = standing ?? {};
  const problem = `${error.code}: ${error.message}`;
  return { criteria, state: 'failed', problem, ...(id !== undefined && { id, ...(status && { status }) }) };
}

function tell({ config, log }: RegisterOptions, registered: Registered): void {
  const { state: status, id, problem } = registered;
  const fields = { site: config.name, subscription: id, status, kind: registered.status };
  if (problem !== undefined) {
    log.warn(fields, 'Subscription is not as it should be');
  } else if (status !== 'kept') {
    log.info(fields, 'Subscription registered');
  }
}

/** Makes every plan true; gives what was done, and what of ours stands for none. */
async function fulfilAll(options: RegisterOptions, planned: Planned[], found: AnySubscription[]) {
  const heals = found.length > 0 && (await options.heals?.()) === true;
  let ours = found;
  const made: Registered[] = [];
  const used = new Set<string>();
  for (const one of planned) {
    const standing = choose(options, ours, used, one);
    const { id = '', status } = standing ?? {};
    if (used.has(id) && status !== undefined) {
      // Two searches share one Subscription where a topic server takes no filter: narrowed to one, it would fail the other.
      made.push({ criteria: one.criteria, state: 'kept', id, status });
      continue;
    }
    try {
      const fulfilled = await fulfil({ ...options, anew: heals }, one, standing);
      const { registered, standing: now } = fulfilled;
      made.push(registered);
      used.add(registered.id ?? '');
      // The next plan must see what this one made of it.
      ours = [...ours.filter((each) => each.id !== id && each.id !== registered.id), ...(now ? [now] : [])];
    } catch (thrown) {
      made.push(failed(one.criteria, asAdapterError(thrown), standing));
      used.add(id);
    }
  }
  return { made, strays: ours.filter(({ id }) => !used.has(id ?? '')) };
}

async function removeStrays(options: RegisterOptions, strays: AnySubscription[]): Promise<number> {
  const { client, config, log } = options;
  let removed = 0;
  for (const { id = '' } of strays) {
    try {
      await client.remove('Subscription', id);
      removed += 1;
    } catch (thrown) {
      log.warn({ site: config.name, code: asAdapterError(thrown).code }, 'stray Subscription stays');
    }
  }
  return removed;
}

interface Plans {
  manner: Manner;
  planned: Planned[];
  unplanned: Unplanned[];
}

async function registerAll(options: RegisterOptions, publicUrl: string, plans: Plans): Promise<RegisterResult> {
  const { client, config, known = [] } = options;
  const { manner, planned, unplanned } = plans;
  const owned = ownership(config, publicUrl);
  const ids = known.flatMap(({ id, criteria }) => (planned.some((one) => one.criteria === criteria) && id) || []);
  const { made, strays } = await fulfilAll(options, planned, await listOurs(client, owned, ids));
  const subscriptions = [
    ...made,
    ...unplanned.map(({ criteria, problem }): Registered => ({ criteria, state: 'failed', problem })),
  ];
  for (const registered of subscriptions) {
    tell(options, registered);
  }
  // While something could not be made true, an older Subscription may be what still brings its news.
  const complete = subscriptions.every(({ state }) => state !== 'failed');
  const removed = complete
    ? await removeStrays(
        options,
        strays.filter((one) => isOurs(one, owned)),
      )
    : 0;
  return { site: config.name, manner, subscriptions, removed, instructions: [], advice: [] };
}

/** Registers what the site's routes need. Never throws: what went wrong is said in the result. */
export async function registerSubscriptions(options: RegisterOptions): Promise<RegisterResult> {
  const { config, client, publicUrl } = options;
  const nothing: RegisterResult = { site: config.name, subscriptions: [], removed: 0, instructions: [], advice: [] };
  const { dialect, channel, register, secret } = config.subscriptions;
  // A WebSocket's Subscriptions live and die with its connection: who opens it makes them.
  if (dialect === 'none' || channel === 'websocket') {
    return nothing;
  }
  if (publicUrl === undefined) {
    return { ...nothing, problem: 'http.publicUrl is not set: the FHIR server has no address to notify' };
  }
  try {
    const { manner, software } = await mannerOf(config, client);
    const { byHand, topics } = MANNERS[manner];
    const told = byHand !== undefined || !register;
    const shown = secret === 'none' ? undefined : SECRET_PLACEHOLDER;
    const firstSecret = told ? shown : acceptedSecrets(secret)[0];
    if (!told && (await client.capabilities()).types.Subscription === undefined) {
      return { ...nothing, manner, problem: 'The server does not offer Subscription: orders are found by the sweep' };
    }
    const plans = await plan({ config, client, publicUrl, manner, software, secret: firstSecret });
    if (!told) {
      return await registerAll(options, publicUrl, { manner, ...plans });
    }
    const advice = [
      ...(byHand ? [byHand(client.baseUrl)] : []),
      ...(topics && shown !== undefined
        ? ['athenahealth signs with the secret of the X-Hub-Secret header that the creating request has']
        : []),
      ...plans.unplanned.map(({ problem }) => problem),
    ];
    const instructions = [...plans.planned, ...plans.unplanned].map(({ subscription }) => subscription);
    return { ...nothing, manner, instructions, advice };
  } catch (thrown) {
    const error = asAdapterError(thrown);
    options.log.warn({ site: config.name, code: error.code }, 'Subscriptions could not be registered');
    return { ...nothing, problem: `${error.code}: ${error.message}` };
  }
}

/** `npm run login`: logs a person in with a vendor whose accounts are people's; the adapter keeps what that gives. */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Config } from '../../config.ts';
import { vendors } from '../../vendors/index.ts';
import { type LoginAnswer, loginAnswer } from '../api-schemas.ts';
import { type AdapterApi, reachAdapter } from './adapter-api.ts';
import {
  asProcess,
  type Command,
  CommandFailure,
  configFrom,
  type Environment,
  EXIT,
  type Terminal,
} from './command.ts';

const HELP = `npm run login -- --site NAME --vendor NAME
Logs you in with a vendor for a site: prints a code and the page where to confirm it, in any browser, on any machine,
and waits until you have. Then the adapter works with your account, and the orders that were held for want of it go on.
Ctrl-C ends it; nothing has changed then. --json prints the API's answers, one a line.
Asks the adapter at ADAPTER_URL (http://127.0.0.1:$PORT) with ADAPTER_TOKEN, or as the first operator in ADAPTER_CONFIG;
with PostgreSQL it works without a running adapter too.
Exit code: 0 logged in, 1 not, 64 wrong usage, 78 wrong configuration.`;

const USAGE = 'Usage: npm run login -- --site NAME --vendor NAME';

type Begun = Extract<LoginAnswer, { state: 'begun' }>;
type Ended = Exclude<LoginAnswer, { state: 'begun' | 'pending' }>;
/** Ends early, with a throw, when the signal is aborted. */
type Wait = (seconds: number, signal: AbortSignal | undefined) => Promise<void>;

const byTimer: Wait = (seconds, signal) => pause(seconds * 1000, undefined, signal && { signal });

/** The command with a clock of its own. */
export function loginWith(wait: Wait): Command {
  return async (words, env, terminal) => {
    const { values } = parseArgs({
      args: words,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean', default: false },
        site: { type: 'string' },
        vendor: { type: 'string' },
      },
    });
    if (values.help) {
      terminal.out(HELP);
      return EXIT.done;
    }
    const config = configFrom(env);
    const { site, vendor } = checked(values, env, config);
    const api = await reachAdapter(env, config);
    try {
      const path = `/sites/${encodeURIComponent(site)}/vendors/${encodeURIComponent(vendor)}/login`;
      const begun = await api.post(path, {}, loginAnswer);
      if (begun.state !== 'begun') {
        throw new CommandFailure(EXIT.failed, 'The adapter is of another version: its answer is not understood');
      }
      terminal.out(values.json ? JSON.stringify(begun) : invitation(begun));
      const ended = await confirmed(api, path, begun, { wait, terminal });
      const isDone = ended.state === 'done';
      if (values.json) {
        terminal.out(JSON.stringify(ended));
      } else {
        terminal[isDone ? 'out' : 'err'](outcome(ended, site, vendor));
      }
      return isDone ? EXIT.done : EXIT.failed;
    } finally {
      await api.close();
    }
  };
}

/** The command; see HELP. */
export const login: Command = loginWith(byTimer);

/** Site and vendor, or what is wrong with them, before anybody is asked. */
function checked(
  { site, vendor }: { site?: string | undefined; vendor?: string | undefined },
  env: Environment,
  config: Config | undefined,
): { site: string; vendor: string } {
  if (!site || !vendor) {
    throw new CommandFailure(EXIT.usage, USAGE);
  }
  // An adapter elsewhere may have other sites than the file here.
  if (!config || env.ADAPTER_URL) {
    return { site, vendor };
  }
  const configured = config.sites.find(({ name }) => name === site);
  if (!configured) {
    throw new CommandFailure(EXIT.usage, `--site must be one of ${config.sites.map(({ name }) => name).join(', ')}`);
  }
  const possible = Object.keys(configured.vendors).filter((name) => vendors[name]?.login);
  if (!possible.includes(vendor)) {
    const which =
      possible.length === 0 ? 'no vendor of this site needs a login' : `it must be ${possible.join(' or ')}`;
    throw new CommandFailure(EXIT.usage, `--vendor: ${which}`);
  }
  return { site, vendor };
}

/** Asks until the person has decided, the code is too old, or somebody stops the command. */
async function confirmed(
  api: AdapterApi,
  path: string,
  { login: id, seconds }: Begun,
  { wait, terminal }: { wait: Wait; terminal: Terminal },
): Promise<Ended> {
  let interval = seconds;
  let told = '';
  for (;;) {
    try {
      await wait(interval, terminal.stopped);
    } catch {
      throw new CommandFailure(EXIT.failed, 'Stopped. Nothing has changed; run it again for a new code.');
    }
    const answer = await api.post(path, { login: id }, loginAnswer);
    if (answer.state === 'begun') {
      throw new CommandFailure(EXIT.failed, 'The adapter is of another version: its answer is not understood');
    }
    if (answer.state !== 'pending') {
      return answer;
    }
    const trouble = answer.trouble ?? '';
    if (trouble !== '' && trouble !== told) {
      terminal.err(`${clean(trouble)} It is asked again.`);
    }
    told = trouble;
    interval = answer.seconds;
  }
}

function invitation({ userCode, verificationUri, verificationUriComplete, expiresAt }: Begun): string {
  const page = clean(verificationUriComplete ?? verificationUri);
  const code = clean(userCode);
  return [
    'Open this page in any browser, log in there, and confirm:',
    `  ${page}`,
    verificationUriComplete === null ? `It asks for the code ${code}.` : `It must show the code ${code}.`,
    `The code counts until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC. Waiting; Ctrl-C ends it.`,
  ].join('\n');
}

function outcome(ended: Ended, site: string, vendor: string): string {
  switch (ended.state) {
    case 'done':
      return [
        `Logged in with ${vendor} for ${site}${ended.as === null ? '' : ` as ${clean(ended.as)}`}.`,
        ...(ended.until === null ? [] : [`It counts until ${ended.until.slice(0, 16).replace('T', ' ')} UTC.`]),
        ...(ended.released ? ['The orders that were held for it go on.'] : []),
      ].join('\n');
    case 'denied':
      return 'Not logged in: it was refused at the vendor.';
    case 'expired':
      return 'Not logged in: nobody confirmed the code in time. Run it again for a new one.';
    case 'replaced':
      return 'Not logged in with this code: somebody has begun another login since.';
  }
}

/** What comes from a vendor must not steer the terminal. */
function clean(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ');
}

if (import.meta.main) {
  const stop = new AbortController();
  // The second one ends the process as ever.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort());
  }
  await asProcess((words, env, terminal) => login(words, env, { ...terminal, stopped: stop.signal }));
}

/** `npm run sweep`: brings the backlog of a site, after showing how much it is and asking whether it shall go. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Limits, limitsSchema } from '../../config/limits.ts';
import type { Config } from '../../config.ts';
import { type Swept, sweepBody, swept } from '../api-schemas.ts';
import { reachAdapter } from './adapter-api.ts';
import { asProcess, type Command, CommandFailure, configFrom, type Environment, EXIT } from './command.ts';
import { formatTable } from './table.ts';

const HELP = `npm run sweep -- --site NAME --since 2026-01-01 [--yes]
Counts what was ordered at a site since then, by route, and asks whether to make orders of it; with --yes (or --go) it
does not ask. Where nobody can be asked (a pipe, a scheduler), it only counts without --yes.
A day begins at midnight UTC; a time with an offset (2026-01-01T08:00:00+01:00) will do too. --json prints the API's
answer and never asks.
Asks the adapter at ADAPTER_URL (http://127.0.0.1:$PORT) with ADAPTER_TOKEN, or as the first operator in ADAPTER_CONFIG;
with PostgreSQL it works without a running adapter too.
Exit code: 0 done, 1 not done, 64 wrong usage, 78 wrong configuration.`;

const withLimits = z.looseObject({ limits: limitsSchema.optional() });

/** The command; see HELP. */
export const sweep: Command = async (words, env, terminal) => {
  const { values } = parseArgs({
    args: words,
    options: {
      help: { type: 'boolean', short: 'h' },
      json: { type: 'boolean' },
      site: { type: 'string' },
      since: { type: 'string' },
      go: { type: 'boolean', default: false },
      yes: { type: 'boolean', short: 'y', default: false },
    },
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const config = configFrom(env);
  const { site, since } = checked(values, env, config);
  const mayGo = values.go || values.yes;
  const api = await reachAdapter(env, config);
  const ask = (go: boolean) => api.post(`/sites/${encodeURIComponent(site)}/sweep`, { since, go }, swept);
  try {
    if (values.json) {
      terminal.out(JSON.stringify(await ask(mayGo), undefined, 2));
      return EXIT.done;
    }
    const counted = await ask(false);
    terminal.out(describe(site, since, counted, config));
    if (!mayGo && !terminal.ask) {
      terminal.out('Nothing was done yet: run it again with --yes.');
      return EXIT.done;
    }
    if (!mayGo && !/^y(es)?$/i.test((await terminal.ask?.('Make orders of them? [y/N] '))?.trim() ?? '')) {
      terminal.out('Nothing was done.');
      return EXIT.done;
    }
    const { orders } = await ask(true);
    terminal.out(`${site}: ${orders} new orders since ${since}. What was ordered before already is not made twice.`);
    return EXIT.done;
  } finally {
    await api.close();
  }
};

/** Site and time, or what is wrong with them, before anybody is asked. */
function checked(
  { site, since }: { site?: string | undefined; since?: string | undefined },
  env: Environment,
  config: Config | undefined,
): { site: string; since: string } {
  if (!site || !since) {
    throw new CommandFailure(EXIT.usage, 'Usage: npm run sweep -- --site NAME --since 2026-01-01 [--yes]');
  }
  if (!sweepBody.shape.since.safeParse(since).success) {
    throw new CommandFailure(EXIT.usage, '--since must be a date (2026-01-01) or a time with offset');
  }
  if (Date.parse(since) > Date.now()) {
    throw new CommandFailure(EXIT.usage, '--since lies in the future');
  }
  const names = config?.sites.map(({ name }) => name) ?? [];
  // An adapter elsewhere may have other sites than the file here.
  if (config && !env.ADAPTER_URL && !names.includes(site)) {
    throw new CommandFailure(EXIT.usage, `--site must be one of ${names.join(', ')}`);
  }
  return { site, since };
}

function describe(site: string, since: string, { counts }: Swept, config: Config | undefined): string {
  const table = formatTable([
    ['ROUTE', 'VENDOR', 'FOUND', 'CALLS THAT MAY BE BILLED', 'LIMITS'],
    ...counts.map(({ route, vendor, count }) => {
      const limits = limitsOf(config, site, vendor);
      return [
        route,
        vendor,
        count === null ? 'the server cannot say' : String(count),
        billedOf(count, limits),
        limitWords(count, limits, config !== undefined),
      ];
    }),
  ]);
  const uncounted = counts.some(({ count }) => count === null);
  const sum = counts.reduce((total, { count }) => total + (count ?? 0), 0);
  const most = uncounted ? `${sum} or more` : `Up to ${sum}`;
  return [
    `${site} since ${since}, changed or new:`,
    table,
    '',
    `${most} orders, each of which its vendor may charge for; those that exist already are not made again.`,
  ].join('\n');
}

function limitsOf(config: Config | undefined, site: string, vendor: string): Limits {
  const settings = config?.sites.find(({ name }) => name === site)?.vendors[vendor];
  return withLimits.safeParse(settings).data?.limits ?? {};
}

/** What one order costs is between the site and its vendor; how many calls it takes depends on what was ordered. */
function billedOf(count: number | null, { perOrder }: Limits): string {
  if (count === 0) {
    return '0';
  }
  const each = perOrder === undefined ? '1 or more' : `up to ${perOrder}`;
  return count === null ? `${each} an order` : `${count} × ${each}`;
}

function limitWords(count: number | null, { perDay, perOrder }: Limits, known: boolean): string {
  if (!known) {
    return 'not known here';
  }
  const days = perDay && count !== null ? Math.ceil(count / perDay) : 0;
  const said = [
    ...(perDay === undefined ? [] : [`${perDay} calls a day${days > 1 ? ` (at least ${days} days)` : ''}`]),
    ...(perOrder === undefined ? [] : [`${perOrder} calls an order`]),
  ];
  return said.length > 0 ? `${said.join(', ')}; beyond them a person is asked` : 'none';
}

if (import.meta.main) {
  await asProcess(sweep);
}

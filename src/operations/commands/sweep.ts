/** `npm run sweep`: brings the backlog of a site, after showing how much it is. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';
import type { Config } from '../../config.ts';
import { type Swept, sweepBody, swept } from '../api-schemas.ts';
import { reachAdapter } from './adapter-api.ts';
import { asProcess, type Command, CommandFailure, configFrom, EXIT } from './command.ts';
import { formatTable } from './table.ts';

const HELP = `npm run sweep -- --site NAME --since 2026-01-01 [--go]
Counts what was ordered at a site since then, by route; with --go makes orders of it.
A time with an offset (2026-01-01T08:00:00Z) will do too. --json prints the API's answer.
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
    },
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const { site, since, go } = values;
  if (!site || !since) {
    throw new CommandFailure(EXIT.usage, 'Usage: npm run sweep -- --site NAME --since 2026-01-01 [--go]');
  }
  if (!sweepBody.shape.since.safeParse(since).success) {
    throw new CommandFailure(EXIT.usage, '--since must be a date (2026-01-01) or a time with offset');
  }
  const config = configFrom(env);
  const api = await reachAdapter(env, config);
  try {
    const path = `/sites/${encodeURIComponent(site)}/sweep`;
    const found = await api.post(path, { since, go }, swept);
    terminal.out(values.json ? JSON.stringify(found, undefined, 2) : describe(site, since, found, config));
    return EXIT.done;
  } finally {
    await api.close();
  }
};

function describe(site: string, since: string, { went, orders, counts }: Swept, config: Config | undefined): string {
  if (went) {
    return `${site}: ${orders} new orders since ${since}. What was ordered before already is not made twice.`;
  }
  const table = formatTable([
    ['ROUTE', 'VENDOR', 'FOUND', 'LIMITS'],
    ...counts.map(({ route, vendor, count }) => [
      route,
      vendor,
      count === null ? 'the server cannot say' : String(count),
      limitsOf(config, site, vendor),
    ]),
  ]);
  const uncounted = counts.some(({ count }) => count === null);
  const sum = counts.reduce((total, { count }) => total + (count ?? 0), 0);
  const most = uncounted ? `${sum} or more` : `Up to ${sum}`;
  return [
    `${site} since ${since}, changed or new:`,
    table,
    '',
    `${most} orders, each of which its vendor may charge for; those that exist already are not made again.`,
    'Nothing was done yet: run it again with --go.',
  ].join('\n');
}

function limitsOf(config: Config | undefined, site: string, vendor: string): string {
  if (!config) {
    return 'not known here';
  }
  const settings = config.sites.find(({ name }) => name === site)?.vendors[vendor];
  const { perDay, perOrder } = withLimits.safeParse(settings).data?.limits ?? {};
  const said = [
    ...(perDay === undefined ? [] : [`${perDay} calls a day`]),
    ...(perOrder === undefined ? [] : [`${perOrder} calls an order`]),
  ];
  return said.length > 0 ? `${said.join(', ')}; beyond them a person is asked` : 'none';
}

if (import.meta.main) {
  await asProcess(sweep);
}

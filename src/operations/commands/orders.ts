/** `npm run orders`: lists orders, shows one, and tells one what to do. */
import { parseArgs } from 'node:util';
import { asked, type OrderPage, orderPage, ordersPage } from '../api-schemas.ts';
import { type AdapterApi, reachAdapter } from './adapter-api.ts';
import { asProcess, type Command, CommandFailure, configFrom, EXIT, type Terminal } from './command.ts';
import { describeOrder, listOrders } from './order-text.ts';

const HELP = `npm run orders [-- --site NAME --status STATUS --vendor NAME --limit N]   lists orders, newest first
npm run orders -- ID                                  shows one order
npm run orders -- retry ID                            tries again what failed or is held
npm run orders -- cancel ID [--reason TEXT]           stops it; the clinician reads the reason
npm run orders -- answer ID QUESTION VALUE            answers what the order asks
--json prints the API's answer.
Asks the adapter at ADAPTER_URL (http://127.0.0.1:$PORT) with ADAPTER_TOKEN, or as the first operator in ADAPTER_CONFIG;
with PostgreSQL it works without a running adapter too.
Exit code: 0 done, 1 not done, 64 wrong usage, 78 wrong configuration.`;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  site: { type: 'string' },
  status: { type: 'string' },
  vendor: { type: 'string' },
  limit: { type: 'string' },
  reason: { type: 'string' },
} as const;

/** Ids and numbers may begin with a hyphen, which parseArgs would take for an option's. */
const SHIELD = 'word:';
const shielded = (word: string) => (/^-([\w-]{15}|\d+(\.\d+)?)$/.test(word) ? `${SHIELD}${word}` : word);
const bare = (word: string) => (word.startsWith(`${SHIELD}-`) ? word.slice(SHIELD.length) : word);

type Values = ReturnType<typeof parse>['values'];
const parse = (words: string[]) =>
  parseArgs({ args: words.map(shielded), options: OPTIONS, allowPositionals: true, strict: true });

/** The command; see HELP. */
export const orders: Command = async (words, env, terminal) => {
  const { values, positionals } = parse(words);
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const run = chosen(positionals.map(bare), values, terminal);
  const api = await reachAdapter(env, configFrom(env));
  try {
    await run(api);
    return EXIT.done;
  } finally {
    await api.close();
  }
};

/** What the words ask for; wrong usage is told before anybody is asked. */
function chosen(words: string[], values: Values, terminal: Terminal): (api: AdapterApi) => Promise<void> {
  const [verb, ...rest] = words;
  const needs = (count: number, usage: string): void => {
    if (rest.length !== count) {
      throw new CommandFailure(EXIT.usage, `Usage: npm run orders -- ${usage}`);
    }
  };
  const print = (text: () => string, json: unknown): void =>
    terminal.out(values.json ? JSON.stringify(json, undefined, 2) : text());
  const tell = async (api: AdapterApi, action: string, id: string, body: object): Promise<void> => {
    const answer = await api.post(`/orders/${encodeURIComponent(id)}/${action}`, body, asked);
    print(() => `Asked to ${answer.asked}: ${answer.id}`, answer);
  };
  const [id = '', question = '', value = ''] = rest;
  switch (verb) {
    case undefined:
      return (api) => list(api, values, print);
    case 'retry':
      needs(1, 'retry ID');
      return (api) => tell(api, verb, id, {});
    case 'cancel':
      needs(1, 'cancel ID [--reason TEXT]');
      return (api) => tell(api, verb, id, values.reason === undefined ? {} : { reason: bare(values.reason) });
    case 'answer':
      needs(3, 'answer ID QUESTION VALUE');
      return async (api) => {
        const order = await show(api, id);
        const isNumber = order.question?.number !== undefined && value.trim() !== '' && !Number.isNaN(Number(value));
        await tell(api, verb, id, { question, value: isNumber ? Number(value) : value });
      };
    default:
      needs(0, '[ID | retry ID | cancel ID | answer ID QUESTION VALUE]');
      return async (api) => {
        const order = await show(api, verb);
        print(() => describeOrder(order), order);
      };
  }
}

const show = (api: AdapterApi, id: string): Promise<OrderPage> =>
  api.get(`/orders/${encodeURIComponent(id)}`, orderPage);

async function list(
  api: AdapterApi,
  { site, status, vendor, limit }: Values,
  print: (text: () => string, json: unknown) => void,
): Promise<void> {
  const query = Object.entries({ site, status, vendor, limit }).filter((pair): pair is [string, string] => !!pair[1]);
  const page = await api.get(`/orders?${new URLSearchParams(query)}`, ordersPage);
  print(() => listOrders(page), page);
}

if (import.meta.main) {
  await asProcess(orders);
}

/** How the demo shows an order that waits for a person, before an adapter and an EHR that a few lines stand in for. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { followOrder } from '../../sandbox/demo/follow.ts';
import { showOrder } from '../../sandbox/demo/show-order.ts';
import { serve } from '../support/serve.ts';

const at = '2026-11-25T12:00:00.000Z';
const asked = [
  { at, event: 'vendor-note', detail: { text: 'stain: “ER” (exact), 20 cases' } },
  { at, event: 'asked', detail: { question: 'q' } },
];
const answered = [...asked, { at, event: 'answered', detail: { question: 'q', value: '230.5' } }];
/** Nothing that a shell would make anything of. */
const QUESTION = { id: 'purchase/1 \'$(false)\\" `x`', text: 'Buy it?', number: { unit: 'USD', exactly: 230.5 } };
const WAITING = { id: 'a1', status: 'waiting', task: 'Task/1', question: QUESTION, timeline: asked };
const DONE = { id: 'a1', status: 'completed', task: 'Task/1', question: null, timeline: answered };

const TASK = {
  resourceType: 'Task',
  status: 'completed',
  output: [
    { type: { text: 'Cases' }, valueInteger: 5 },
    { type: { text: 'Price' }, valueMoney: { value: 230.5, currency: 'USD' } },
    { type: { text: 'Cohort' }, valueReference: { reference: 'Group/1' } },
  ],
};
const GROUP = { resourceType: 'Group', name: 'pilot', quantity: 5 };

test('the printed command approves the order, which is then followed to its results', async (t) => {
  let order: object = WAITING;
  const answers: unknown[] = [];
  const server = await serve(async (request, response) => {
    const { method, url, headers } = request;
    if (method === 'POST') {
      answers.push([url, headers.authorization, headers['content-type'], JSON.parse(await text(request))]);
      order = DONE;
    }
    const given: Record<string, object> = {
      '/api/orders?limit=50': { orders: [{ id: 'a1', resource: 'ServiceRequest/1' }] },
      '/api/orders/a1': order,
      '/Task/1': TASK,
      '/Group/1': GROUP,
    };
    response.end(JSON.stringify(given[url ?? ''] ?? {}));
  });
  t.after(() => server.close());
  const lines: string[] = [];
  const say = (line: string) => void lines.push(line);
  const said = () => lines.splice(0).join('\n');
  const { url: adapterUrl } = server;
  const place = { adapterUrl, ehrUrl: adapterUrl, token: "to'ken", route: 'research-cohort', say };
  const following = {
    ...{ adapterUrl, token: place.token, resource: 'ServiceRequest/1', vendor: 'HistAI', begun: Date.parse(at) },
    signal: t.signal,
    say: (_seconds: number, line: string) => say(line),
  };

  const waiting = await followOrder(following);
  assert.equal(said(), 'HistAI: stain: “ER” (exact), 20 cases\nThe order asks a person: q');
  await showOrder({ ...place, order: waiting });
  const [, question, command = ''] =
    /^\nresearch-cohort waits for an answer:\n\n {2}(.+)\n\nTo approve it:\n\n {2}(curl .+)$/.exec(said()) ?? [];
  assert.equal(question, 'Buy it?');

  const further = followOrder({ ...following, from: waiting });
  await promisify(execFile)('sh', ['-c', command]);
  assert.deepEqual(answers, [
    ['/api/orders/a1/answer', "Bearer to'ken", 'application/json', { question: QUESTION.id, value: 230.5 }],
  ]);
  await showOrder({ ...place, order: await further });
  assert.deepEqual(said().split('\n'), [
    'A person has answered: 230.5',
    '',
    'In the EHR, of research-cohort:',
    '',
    '  Task   Cases    5',
    '  Task   Price    230.50 USD',
    '  Group  pilot    5 people',
    '',
    '  Task/1  completed',
  ]);
});

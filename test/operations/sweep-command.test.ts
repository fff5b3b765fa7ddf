/** `npm run sweep` as a person meets it: counted and asked first, gone only when told. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Environment, runCommand } from '../../src/operations/commands/command.ts';
import { sweep } from '../../src/operations/commands/sweep.ts';

const TOKEN = 'a-token-of-the-operator';

/** An adapter that counts `count` orders and notes what it was asked. */
async function serveAdapter(t: TestContext, count: number | null = 7) {
  const asked: { path: string; go: boolean }[] = [];
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/healthz') {
      response.end(JSON.stringify({ status: 'alive' }));
      return;
    }
    let text = '';
    for await (const chunk of request) {
      text += chunk;
    }
    const { go } = JSON.parse(text);
    asked.push({ path: request.url ?? '', go });
    const counts = [{ route: 'notes', vendor: 'healthsage', count }];
    response.end(JSON.stringify({ went: go, orders: go ? 5 : 0, counts }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { asked, port: typeof address === 'object' ? address?.port : 0 };
}

async function configFile(t: TestContext, port: number | undefined, limits: object): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'sweep-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'adapter.json');
  const config = {
    http: { port, publicUrl: 'http://127.0.0.1:9' },
    console: { users: [{ name: 'otto', token: TOKEN, roles: ['operator'] }] },
    sites: [
      {
        name: 'general',
        fhir: { baseUrl: 'http://127.0.0.1:9/fhir' },
        subscriptions: { secret: 'a-secret-of-the-hospital' },
        vendors: { healthsage: { apiKey: 'key', limits } },
        routes: [{ id: 'notes', on: 'DocumentReference?type=http://loinc.org|11506-3', vendor: 'healthsage' }],
      },
    ],
  };
  await writeFile(path, JSON.stringify(config));
  return { ADAPTER_CONFIG: path };
}

async function run(words: string[], env: Environment, answer?: string) {
  const out: string[] = [];
  const err: string[] = [];
  const questions: string[] = [];
  const code = await runCommand(sweep, words, env, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    ...(answer !== undefined && {
      ask: async (question: string) => {
        questions.push(question);
        return answer;
      },
    }),
  });
  return { code, out: out.join('\n'), err: err.join('\n'), questions };
}

const WORDS = ['--site', 'general', '--since', '2026-01-01'];

test('who sits at a terminal sees the count and what it may cost, and is asked', async (t) => {
  const { asked, port } = await serveAdapter(t);
  const env = await configFile(t, port, { perDay: 3, perOrder: 4 });
  for (const [answer, went] of [
    ['y', true],
    [' Yes ', true],
    ['', false],
    ['n', false],
    ['yeti', false],
  ] as const) {
    asked.length = 0;
    const { code, out, questions } = await run(WORDS, env, answer);
    assert.equal(code, 0, out);
    assert.equal(questions.length, 1);
    assert.match(out, /^notes +healthsage +7 +7 × up to 4 +3 calls a day \(at least 3 days\), 4 calls an order; /m);
    assert.deepEqual(
      asked.map(({ go }) => go),
      went ? [false, true] : [false],
      answer,
    );
    assert.match(out, went ? /5 new orders/ : /Nothing was done\./);
  }
});

test('--yes and --go show the count too, and ask nobody', async (t) => {
  const { asked, port } = await serveAdapter(t);
  const env = await configFile(t, port, {});
  for (const word of ['--yes', '-y', '--go']) {
    asked.length = 0;
    const { out, questions } = await run([...WORDS, word], env, 'n');
    assert.match(out, /Up to 7 orders[\s\S]*5 new orders/);
    assert.match(out, /7 × 1 or more +none/);
    assert.deepEqual([asked.map(({ go }) => go), questions], [[false, true], []]);
  }
});

test('where nobody can be asked, nothing is done without --yes', async (t) => {
  const { asked, port } = await serveAdapter(t, null);
  const { code, out } = await run(WORDS, await configFile(t, port, { perOrder: 2 }));
  assert.equal(code, 0);
  assert.match(out, /the server cannot say +up to 2 an order/);
  assert.match(out, /0 or more orders[\s\S]*again with --yes/);
  assert.deepEqual(
    asked.map(({ go }) => go),
    [false],
  );
});

test('--json prints the answer alone', async (t) => {
  const { port } = await serveAdapter(t);
  const env = await configFile(t, port, {});
  assert.equal(JSON.parse((await run([...WORDS, '--json'], env, 'y')).out).went, false);
  assert.equal(JSON.parse((await run([...WORDS, '--json', '--yes'], env, 'y')).out).went, true);
});

test('a wrong site or time is said before anybody is asked', async (t) => {
  const { asked, port } = await serveAdapter(t);
  const env = await configFile(t, port, {});
  for (const [words, said] of [
    [['--site', 'generel', '--since', '2026-01-01'], /--site must be one of general/],
    [['--site', 'general', '--since', '2026-02-30'], /--since must be a date/],
    [['--site', 'general', '--since', 'yesterday'], /--since must be a date/],
    [['--site', 'general', '--since', '2999-01-01'], /in the future/],
    [['--site', 'general'], /Usage/],
  ] as const) {
    const { code, err } = await run([...words], env, 'y');
    assert.deepEqual([code, err.split('\n').length], [64, 1]);
    assert.match(err, said);
  }
  assert.deepEqual(asked, []);
  const elsewhere = await run(['--site', 'other', '--since', '2026-01-01'], {
    ...env,
    ADAPTER_URL: `http://127.0.0.1:${port}`,
  });
  assert.equal(elsewhere.code, 0, 'an adapter elsewhere may have other sites');
});

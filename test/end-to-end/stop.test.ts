/** The process as an operator meets it: how it stops, what it says, and what it never says. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { PATHS, type Sandbox } from '../../sandbox/index.ts';
import { createPatient, find, placeNote } from '../support/clinic.ts';
import { until } from '../support/until.ts';
import { configText, dropSchema, freePort, type Place, quickSandbox } from '../support/whole.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'src/main.ts');
const SECRET = 'notify-secret-never-to-be-shown';
const TOKEN = 'console-token-never-to-be-shown';
/** Words of the note and the patient that no line may hold. */
const MARKERS = ['Quetzalcoatlus', 'Zschokke-Wunderlich', '1931-02-03', 'diabetes', 'Diabetes'];
const NOTE = `Assessment\nMrs Quetzalcoatlus has type 2 diabetes mellitus since 2014. ${'Essential hypertension. '.repeat(3)}\n`;

interface Running {
  child: ChildProcess;
  url: string;
  /** Everything it printed, once it has ended. */
  printed: Promise<string>;
  ended: Promise<unknown[]>;
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';

describe('the process', { concurrency: 2 }, () => {
  let folder = '';
  let sandbox: Sandbox;
  let count = 0;
  const children: ChildProcess[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fhir-ai-adapter-test-'));
    sandbox = await quickSandbox({ manner: 'hapi' });
  });
  after(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
    }
    await sandbox?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes a configuration of its own; `site` names what the EHR's Subscription is told. */
  async function configured(database: object): Promise<{ path: string; port: number; site: string }> {
    count += 1;
    const site = `site-${count}`;
    const port = await freePort();
    const sites = [
      {
        name: site,
        fhir: { baseUrl: `${sandbox.url}${PATHS.ehr}` },
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own expression
        subscriptions: { secret: '${NOTIFY_SECRET}' },
        vendors: { healthsage: { baseUrl: `${sandbox.url}${PATHS.healthsage}`, apiKey: 'sandbox-key-never-shown' } },
        routes: [
          {
            id: 'note-coding',
            on: 'DocumentReference?status=current&type=http://loinc.org|11506-3',
            vendor: 'healthsage',
          },
        ],
      },
    ];
    const path = join(folder, `${site}.yaml`);
    await writeFile(path, configText({ port, token: TOKEN, database, sites }));
    return { path, port, site };
  }

  function run(
    path: string,
    command = [process.execPath, MAIN],
    more: Record<string, string> = {},
  ): Omit<Running, 'url'> {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      cwd: ROOT,
      env: {
        PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
        ...(process.env.HOME && { HOME: process.env.HOME }),
        ADAPTER_CONFIG: path,
        CONSOLE_TOKEN: TOKEN,
        NOTIFY_SECRET: SECRET,
        LOG_LEVEL: 'debug',
        ...more,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const all = Promise.all([text(child.stdout), text(child.stderr)]);
    return { child, ended: once(child, 'exit'), printed: all.then((parts) => parts.join('')) };
  }

  async function start(database: object, command?: string[]): Promise<Running & { path: string }> {
    const { path, port } = await configured(database);
    const running = run(path, command);
    const url = `http://127.0.0.1:${port}`;
    await until(
      `an answer at ${url}`,
      () =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        ),
      25,
    );
    return { ...running, url, path };
  }

  async function assertStops({ child, ended, printed }: Running, signal: NodeJS.Signals): Promise<string> {
    const begun = Date.now();
    child.kill(signal);
    assert.deepEqual(await ended, [0, null]);
    assert.ok(Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
    return printed;
  }

  function assertDiscreet(said: string): void {
    for (const word of [...MARKERS, SECRET, TOKEN, 'sandbox-key-never-shown']) {
      assert.ok(!said.includes(word), `it said ${word}`);
    }
  }

  const databases: Record<string, () => { database: object; clear: () => Promise<void>; command?: string[] }> = {
    'PGlite, started by npm': () => ({
      database: { folder: join(folder, 'data') },
      clear: async () => {},
      command: [npm, 'start', '--silent'],
    }),
  };
  const url = process.env.TEST_DATABASE_URL;
  if (url) {
    const schema = `stop_${process.pid}`;
    databases.PostgreSQL = () => ({ database: { url, schema }, clear: () => dropSchema(url, schema) });
  }

  for (const [name, settings] of Object.entries(databases)) {
    test(`stops in the middle of an order at SIGTERM with 0, and no line tells of the patient (${name})`, async () => {
      const { database, clear, command } = settings();
      const running = await start(database, command);
      const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
      // Only the sandbox's side of a place is needed: this adapter runs in a process of its own.
      const place: Omit<Place, 'whole'> = { name: 'any', sandbox, ehrUrl, secret: SECRET, notifyUrl: running.url };
      await until('its Subscription', async () => {
        const { entry = [] } = await sandbox.ehr.search('Subscription?status=active');
        return JSON.stringify(entry).includes(running.url);
      });
      const patient = `Patient/${await createPatient(place, 'Zschokke-Wunderlich')}`;
      await placeNote(place, { text: NOTE, patient });
      await until('the note in hand', async () => (await find(place, 'Task', 'status=in-progress')).length > 0);
      const said = await assertStops(running, 'SIGTERM');
      await clear();
      assert.match(said, /adapter started/);
      assert.match(said, /adapter stopped/);
      assertDiscreet(said);
    });
  }

  test('a folder that another process uses is one line and exit code 1; two signals within a second are one', async () => {
    const first = await start({ folder: join(folder, 'shared') });
    const { path } = await configured({ folder: join(folder, 'shared') });
    const second = run(path);
    const [code] = await second.ended;
    assert.equal(code, 1);
    const said = (await second.printed).trim().split('\n');
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0] ?? '', /process/i);
    first.child.kill('SIGINT');
    await pause(100);
    assert.match(await assertStops(first, 'SIGTERM'), /adapter stopped/);
  });

  test('a configuration with five mistakes lists five, with their paths, and exits with 78', async () => {
    const path = join(folder, 'wrong.yaml');
    await writeFile(
      path,
      `http: { port: 99999, publicUrl: 'http://adapter.example' }
console: { users: [{ name: a, token: '${TOKEN}', roles: [king] }] }
sites:
  - name: general
    fhir: { baseUrl: 'ftp://ehr.example/fhir' }
    subscriptions: { secret: '\${NO_SUCH_VARIABLE}' }
    vendors: { healthsage: { apiKey: sandbox-key-never-shown } }
    routes:
      - { id: note-coding, on: 'DocumentReference?status=current', vendor: healthsaga }
`,
    );
    const wrong = run(path);
    const [code] = await wrong.ended;
    const said = await wrong.printed;
    assert.equal(code, 78, said);
    const paths = [
      'http.port',
      'console.users[0].roles[0]',
      'sites[0].fhir.baseUrl',
      'sites[0].subscriptions.secret',
      'sites[0].routes[0].vendor',
    ];
    for (const place of paths) {
      assert.equal(said.split(`${place}:`).length, 2, `${place} in\n${said}`);
    }
    assert.equal(said.match(/^\s*\S*(?:http|console|sites)\S*: /gm)?.length, 5, said);
    assert.doesNotMatch(said, /^\s+at |node:internal/m);
    assertDiscreet(said);
  });
});

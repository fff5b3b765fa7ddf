import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ehrSettings, port, readSettings } from '../../sandbox/settings.ts';

const MAIN = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));

function start(environment: Record<string, string>) {
  return spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** What it printed until it said where the ledger is, which is its last line. */
async function printed(child: ChildProcess): Promise<string> {
  let all = '';
  for await (const chunk of child.stdout ?? []) {
    all += chunk;
    if (/Ledger.*\n/.test(all)) {
      break;
    }
  }
  return all;
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`it says where everything is, serves it, and ends with 0 at ${signal}`, async (t) => {
    const child = start({ SANDBOX_PORT: '0', SANDBOX_EHR_MANNER: 'hapi', SANDBOX_TRANSACTIONS: 'batch' });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'exit');
    const said = await printed(child);
    assert.match(said, /HAPI's manner, transactions: batch/);
    const url = /EHR\s+(http:\S+\/fhir\/R4)/.exec(said)?.[1];
    const answer = await fetch(`${url}/metadata`);
    assert.equal(z.object({ resourceType: z.string() }).parse(await answer.json()).resourceType, 'CapabilityStatement');
    child.kill(signal);
    assert.deepEqual(await ended, [0, null]);
  });
}

test('a port that is in use is one clear line and exit code 1', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.after(() => other.close());
  const { port } = z.object({ port: z.number() }).parse(other.address());
  const child = start({ SANDBOX_PORT: String(port) });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.equal(said, `Port ${port} is in use; set SANDBOX_PORT to another one\n`);
  assert.equal(code, 1);
});

test('settings that are not to be understood are named, all of them', async () => {
  const child = start({ SANDBOX_PORT: 'x', SANDBOX_EHR_MANNER: 'epic' });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.match(said, /^SANDBOX_PORT: must be a whole number from 0 to 65535\nSANDBOX_EHR_MANNER: .*\n$/);
  assert.equal(code, 78);
});

test('an empty variable counts as left out', () => {
  const schema = z.object({ SANDBOX_PORT: port(0, 8090), ...ehrSettings });
  assert.equal(readSettings(schema, { SANDBOX_PORT: '', SANDBOX_EHR_MANNER: '' }).SANDBOX_PORT, 8090);
});

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PATHS } from '../../sandbox/index.ts';
import { until } from '../support/until.ts';
import { freePort } from '../support/whole.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Starts it without a configuration; what it said when it ended. */
async function ended(environment: Record<string, string>): Promise<{ said: string; code: unknown }> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { said, code };
}

test('settings that are not to be understood are named, and the exit code is 78', async () => {
  const { said, code } = await ended({ PORT: 'abc', SANDBOX_PORT: '70000' });
  const range = 'must be a whole number from 1 to 65535';
  assert.deepEqual({ said, code }, { said: `PORT: ${range}\nSANDBOX_PORT: ${range}\n`, code: 78 });
});

test('a level of the log that there is not is named, and the exit code is 78', async () => {
  const { said, code } = await ended({ PORT: '1', SANDBOX_PORT: String(await freePort()), LOG_LEVEL: 'loud' });
  assert.match(said, /^LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent\n$/);
  assert.equal(code, 78);
});

test('where the adapter’s port is in use, nothing is left in the temporary folder', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fhir-ai-adapter-test-'));
  const other = createServer().listen(0);
  await once(other, 'listening');
  t.after(() => Promise.all([other.close(), rm(folder, { recursive: true, force: true })]));
  const { port } = z.object({ port: z.number() }).parse(other.address());
  const { said, code } = await ended({ PORT: String(port), SANDBOX_PORT: String(await freePort()), TMPDIR: folder });
  assert.equal(said, `Port ${port} is in use; set PORT to another one\n`);
  assert.equal(code, 1);
  assert.deepEqual(await readdir(folder), []);
});

test('four of five orders reach their end, the fifth waits, and the printed command approves it: one charge', async (t) => {
  const [port, sandboxPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, PORT: String(port), SANDBOX_PORT: String(sandboxPort) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  const charges = async () => {
    const answer = await fetch(`http://127.0.0.1:${sandboxPort}${PATHS.ledger}`);
    const { vendors } = z
      .object({ vendors: z.object({ histai: z.object({ billed: z.record(z.string(), z.number()) }) }) })
      .parse(await answer.json());
    return vendors.histai.billed.charges ?? 0;
  };

  await until('the last line', () => said.includes('Ctrl-C stops it.'), 120);
  for (const route of ['note-coding', 'blood-smear', 'skin-photo', 'tumour-slide']) {
    assert.ok(said.includes(`In the EHR, of ${route}:`), route);
  }
  assert.match(said, /research-cohort waits for an answer:\n\n {2}Buy the cohort/);
  const command = /^ {2}(curl .*\/answer'?)$/m.exec(said)?.[1] ?? assert.fail('no command');
  assert.equal(await charges(), 0);

  await promisify(execFile)('sh', ['-c', command]);
  await until('its results', () => /In the EHR, of research-cohort:.*Task\/\S+ {2}completed/s.test(said), 90);
  assert.equal(await charges(), 1);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
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

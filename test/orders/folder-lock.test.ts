import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { AdapterError } from '../../src/errors.ts';
import { lockFolder } from '../../src/orders/store/folder-lock.ts';

let folder = '';
let child: ChildProcess | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adapter-lock-'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  await rm(folder, { recursive: true });
});

/** Another process that holds the folder. */
async function otherProcess(): Promise<ChildProcess> {
  const script = new URL('./hold-folder.ts', import.meta.url).pathname;
  child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout ?? assert.fail(), 'data');
  return child;
}

function toldInOneLine(pid: number | undefined) {
  return (error: unknown): boolean =>
    error instanceof AdapterError &&
    error.code === 'database-locked' &&
    !error.message.includes('\n') &&
    error.message.includes(folder) &&
    error.message.includes(String(pid));
}

test('a second process is told in one line who holds the folder', async () => {
  const { pid } = await otherProcess();
  await assert.rejects(lockFolder(folder), toldInOneLine(pid));
});

test('the lock of a killed process is taken over at once', async () => {
  const killed = await otherProcess();
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const unlock = await lockFolder(folder);
  await assert.rejects(lockFolder(folder), toldInOneLine(process.pid));
  await unlock();
  assert.deepEqual(await readdir(folder), [], 'something is left in the folder');
});

test('a pid that another process has got since does not keep the folder', async () => {
  await writeFile(join(folder, 'adapter.lock'), JSON.stringify({ pid: process.pid, started: 'long ago' }));
  await (await lockFolder(folder))();
});

test('a lock cut off in the middle of being written is taken over', async () => {
  await writeFile(join(folder, 'adapter.lock'), '{"pid":');
  await (await lockFolder(folder))();
});

test('of several that find a dead holder one wins', async () => {
  for (let round = 0; round < 20; round++) {
    await writeFile(join(folder, 'adapter.lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
  }
});

test('a folder that is not there is said to be so', async () => {
  await assert.rejects(
    lockFolder(join(folder, 'missing')),
    (error) => error instanceof AdapterError && error.code === 'database-unavailable',
  );
});

/**
 * Keeps a second process out of the embedded database's folder. The lock is a file naming its holder; a holder that no
 * longer runs (kill -9, power cut) is noticed by its pid and start time, so that a restart need not wait.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';

const holderSchema = z.object({ pid: z.number().int(), started: z.string() });

/** When a process began, where the system tells (Linux); distinguishes a reused pid. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // Field 22, counted after the command name, which may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

async function runs(holder: { pid: number; started: string }): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return (await startOf(holder.pid)) === holder.started;
}

/**
 * Locks `folder` for this process.
 * @returns what unlocks it.
 * @throws AdapterError `database-locked` while another process that runs holds it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'adapter.lock');
  const me = JSON.stringify({ pid: process.pid, started: await startOf(process.pid) });
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(file, me, { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw new AdapterError('database-unavailable', `The data folder ${folder} cannot be written`, { cause: error });
      }
    }
    const holder = await readHolder(file);
    if (holder && (await runs(holder))) {
      throw new AdapterError(
        'database-locked',
        `The data folder ${folder} is in use by process ${holder.pid}; the embedded database serves one process. Set DATABASE_URL to run several.`,
      );
    }
    // Of several that find a dead holder, one wins the rename; the others come round again.
    await rename(file, `${file}.${process.pid}.stale`).then(
      () => rm(`${file}.${process.pid}.stale`, { force: true }),
      () => undefined,
    );
  }
  throw new AdapterError('database-locked', `The data folder ${folder} could not be locked`);
}

async function readHolder(file: string): Promise<z.infer<typeof holderSchema> | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

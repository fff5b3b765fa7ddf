/**
 * Keeps a second process out of the embedded database's folder. The lock is a file naming its holder; a holder that no
 * longer runs (kill -9, power cut) is noticed by its pid and start time, so that a restart need not wait.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
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
  const mine = `${file}.${process.pid}-${randomUUID()}`;
  try {
    await writeFile(mine, JSON.stringify({ pid: process.pid, started: await startOf(process.pid) }));
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await linked(mine, file)) {
        return () => rm(file, { force: true });
      }
      const found = await readText(file);
      const holder = found === undefined ? undefined : holderOf(found);
      if (holder && (await runs(holder))) {
        throw new AdapterError(
          'database-locked',
          `The data folder ${folder} is in use by process ${holder.pid}; the embedded database serves one process. Set DATABASE_URL to run several.`,
        );
      }
      if (found !== undefined && !(await removeDead(file, found, mine))) {
        await wait(10);
      }
    }
  } catch (error) {
    throw error instanceof AdapterError
      ? error
      : new AdapterError('database-unavailable', `The data folder ${folder} cannot be written`, { cause: error });
  } finally {
    await rm(mine, { force: true });
  }
  throw new AdapterError('database-locked', `The data folder ${folder} could not be locked`);
}

/**
 * Removes the lock of a dead holder. One process at a time may, and only while the lock is still the one it judged: else
 * the second to come would remove the first one's new lock. False: somebody else is at it.
 */
async function removeDead(file: string, found: string, mine: string): Promise<boolean> {
  const marker = `${file}.taking`;
  if (!(await linked(mine, marker))) {
    const taker = holderOf((await readText(marker)) ?? '');
    if (taker && !(await runs(taker))) {
      await rm(marker, { force: true });
    }
    return false;
  }
  try {
    if ((await readText(file)) === found) {
      await rm(file, { force: true });
    }
    return true;
  } finally {
    await rm(marker, { force: true });
  }
}

/** Gives a written file a second name, at once and whole; false where that name is taken. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

function holderOf(text: string): z.infer<typeof holderSchema> | undefined {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

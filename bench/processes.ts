/** Processes that a benchmark measures or measures against: started on this Node, ended with the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

const ROOT = new URL('../', import.meta.url);
const withStart = z.object({ scripts: z.object({ start: z.string() }) });

export interface Processes {
  start(args: string[], env: Record<string, string>): ChildProcess;
  /** The adapter with the flags and the environment of `npm start`: they are part of what is measured. */
  startAdapter(env: Record<string, string>): Promise<ChildProcess>;
  /** kill -9 of all; they are gone when it returns. */
  end(): Promise<void>;
}

export function openProcesses(): Processes {
  const children: ChildProcess[] = [];
  const launch = (command: string, args: string[], env: Record<string, string>): ChildProcess => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    children.push(child);
    return child;
  };
  return {
    start: (args, env) => launch(process.execPath, args, env),
    async startAdapter(env) {
      const { scripts } = withStart.parse(JSON.parse(await readFile(new URL('package.json', ROOT), 'utf8')));
      // The script ends in `exec node`: the shell becomes the adapter.
      const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
      return launch('sh', ['-c', scripts.start], { ...env, PATH: path });
    },
    async end() {
      for (const child of children) {
        child.kill('SIGKILL');
      }
      await pause(200);
    },
  };
}

/** Waits until the URL answers. */
export async function ready(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if ((await fetch(url).catch(() => undefined))?.ok) {
      return;
    }
    await pause(50);
  }
  throw new Error(`Nothing answers at ${url}`);
}

/** Resident memory in MB, from /proc where there is one. */
export async function resident(child: ChildProcess): Promise<number | undefined> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1000);
}

/** Samples resident memory every 100 ms until it is stopped; the most it has seen, in MB. */
export function watchResident(child: ChildProcess): { stop(): Promise<number | undefined> } {
  let most: number | undefined;
  let over = false;
  const watching = (async () => {
    while (!over) {
      const now = await resident(child);
      most = now === undefined ? most : Math.max(most ?? 0, now);
      await pause(100);
    }
  })();
  return {
    async stop() {
      over = true;
      await watching;
      return most;
    },
  };
}

/** The middle of an odd number of figures. */
export function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}

/** Processes that a benchmark measures or measures against: started on this Node, ended with the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

export interface Processes {
  start(args: string[], env: Record<string, string>): ChildProcess;
  /** kill -9 of all; they are gone when it returns. */
  end(): Promise<void>;
}

export function openProcesses(): Processes {
  const children: ChildProcess[] = [];
  return {
    start(args, env) {
      const child = spawn(process.execPath, args, {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      children.push(child);
      return child;
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

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

export interface Process {
  /** kill -9. */
  kill(): void;
  /** SIGTERM. */
  stop(): void;
  ended: Promise<unknown>;
}

/** Starts a script of this project on the same Node, and waits until `url` answers. */
export async function run(script: string, env: Record<string, string | undefined>, url: string): Promise<Process> {
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  for (;;) {
    if (child.exitCode !== null) {
      throw new Error(`${script} ended with ${child.exitCode}`);
    }
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) {
      return { kill: () => child.kill('SIGKILL'), stop: () => child.kill('SIGTERM'), ended };
    }
    await pause(20);
  }
}

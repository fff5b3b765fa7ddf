/** The adapter's API as the commands use it: over HTTP, or, with PostgreSQL and no adapter running, served by ourselves. */
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { problem } from '../api-schemas.ts';
import { adapterUrl, CommandFailure, type Environment, EXIT } from './command.ts';

export interface AdapterApi {
  get<T extends z.ZodType>(path: string, answer: T): Promise<z.output<T>>;
  post<T extends z.ZodType>(path: string, body: object, answer: T): Promise<z.output<T>>;
  close(): Promise<void>;
}

/** Finds the adapter and who asks. Throws CommandFailure in one clear line where there is none. */
export async function reachAdapter(env: Environment, config: Config | undefined): Promise<AdapterApi> {
  const url = adapterUrl(env, config);
  const token = env.ADAPTER_TOKEN || operatorToken(config);
  if (await isAnswering(url)) {
    if (!token) {
      throw new CommandFailure(
        EXIT.config,
        'Nobody to ask as: set ADAPTER_TOKEN, or ADAPTER_CONFIG to a file whose console.users has an operator',
      );
    }
    return apiAt(url, token, async () => {});
  }
  if (!config?.database.url || env.ADAPTER_URL) {
    const embedded = config && !config.database.url ? ', and the embedded database can only be asked through it' : '';
    throw new CommandFailure(EXIT.failed, `No adapter answers at ${url}${embedded}; start it, or set ADAPTER_URL`);
  }
  const { serveLocally } = await import('./serve-locally.ts');
  const local = await serveLocally(config, env.ADAPTER_TOKEN);
  return apiAt(local.url, local.token, local.close);
}

function operatorToken(config: Config | undefined): string | undefined {
  return config?.console.users.find(({ roles }) => roles.includes('operator'))?.token;
}

/** Whether an adapter listens there. */
export async function isAnswering(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3000), redirect: 'error' });
    return z.looseObject({ status: z.literal('alive') }).safeParse(await response.json()).success;
  } catch {
    return false;
  }
}

function apiAt(url: string, token: string, close: () => Promise<void>): AdapterApi {
  async function ask<T extends z.ZodType>(path: string, init: RequestInit, answer: T): Promise<z.output<T>> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${url}/api${path}`, { ...init, headers, redirect: 'error' }).catch(() => {
      throw new CommandFailure(EXIT.failed, `The adapter at ${url} did not answer`);
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) {
      const read = answer.safeParse(body);
      if (read.success) {
        return read.data;
      }
      throw new CommandFailure(
        EXIT.failed,
        `The adapter at ${url} is of another version: its answer is not understood`,
      );
    }
    const said = problem.safeParse(body).data;
    const fields = (said?.errors ?? []).map(({ field, message }) => ` ${field}: ${message}.`).join('');
    throw new CommandFailure(EXIT.failed, `${said?.detail ?? `The adapter answered ${response.status}`}${fields}`);
  }
  return {
    get: (path, answer) => ask(path, {}, answer),
    post: (path, body, answer) => ask(path, { method: 'POST', body: JSON.stringify(body) }, answer),
    close,
  };
}

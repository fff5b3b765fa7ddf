/** What the commands share: how they end, and where their configuration comes from. */
import { createInterface } from 'node:readline/promises';
import { type Config, formatProblems, readConfig } from '../../config.ts';
import { asAdapterError } from '../../errors.ts';
import { vendors } from '../../vendors/index.ts';

/** Exit codes; 64 and 78 are EX_USAGE and EX_CONFIG of sysexits.h. */
export const EXIT = { done: 0, failed: 1, usage: 64, config: 78 } as const;

export type Environment = Record<string, string | undefined>;

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Asks the person in front of it; absent where there is none (a pipe, a scheduler). */
  ask?(question: string): Promise<string>;
  /** Aborted when the person wants to stop a command that waits. */
  stopped?: AbortSignal;
}

/** Runs with the words after `npm run … --`; gives the exit code. */
export type Command = (words: string[], env: Environment, terminal: Terminal) => Promise<number>;

/** Ends a command with one message for the person who typed it. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a command; whatever it throws becomes one message and an exit code, never a stack trace. */
export async function runCommand(
  command: Command,
  words: string[],
  env: Environment,
  terminal: Terminal,
): Promise<number> {
  try {
    return await command(words, env, terminal);
  } catch (thrown) {
    if (thrown instanceof CommandFailure) {
      terminal.err(thrown.message);
      return thrown.exitCode;
    }
    if (thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('ERR_PARSE_ARGS')) {
      // Of node:util's two sentences, the first names the word that is wrong.
      terminal.err(`${thrown.message.split('. ')[0]}; --help says what there is`);
      return EXIT.usage;
    }
    const error = asAdapterError(thrown);
    terminal.err(`${error.message}. ${error.operator}`);
    return EXIT.failed;
  }
}

/** Runs a command as the process: its words, environment, streams and exit code. */
export async function asProcess(command: Command): Promise<void> {
  process.exitCode = await runCommand(command, process.argv.slice(2), process.env, {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    ...(process.stdin.isTTY && process.stdout.isTTY && { ask }),
  });
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
}

/** The configuration that ADAPTER_CONFIG names; undefined where it names none. Its problems end the command with 78. */
export function configFrom(env: Environment): Config | undefined {
  if (!env.ADAPTER_CONFIG) {
    return undefined;
  }
  const loaded = readConfig({ path: env.ADAPTER_CONFIG, env, vendors });
  if ('problems' in loaded) {
    throw new CommandFailure(EXIT.config, formatProblems(loaded.problems));
  }
  return loaded.config;
}

/** Where the adapter of this configuration listens, seen from the same machine. */
export function adapterUrl(env: Environment, config: Config | undefined): string {
  const { ADAPTER_URL: url, PORT: port } = env;
  if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new CommandFailure(EXIT.config, 'ADAPTER_URL must be an http(s) URL');
  }
  return url ? url.replace(/\/+$/, '') : `http://127.0.0.1:${config?.http.port ?? (port || 8080)}`;
}

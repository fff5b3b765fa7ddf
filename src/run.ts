/** Reads the environment and the configuration, and starts the adapter, or the sandbox with one for it. */
import { readFileSync } from 'node:fs';
import { type Adapter, startAdapter } from './adapter.ts';
import { type Config, formatProblems, type Loaded, loadConfig, readConfig } from './config.ts';
import { asAdapterError } from './errors.ts';
import { LOG_LEVELS, openLog } from './log.ts';
import { STOP_SECONDS, type StopWith } from './signals.ts';
import { vendors } from './vendors/index.ts';

/** EX_CONFIG of sysexits.h: the configuration is wrong. */
const EXIT_CONFIG = 78;
/** What the sandbox gives for `npm start` without a configuration; only main.ts may know where it comes from. */
export interface Demo {
  configText: string;
  follow(): Promise<void>;
  stop(): void;
  close(): Promise<void>;
}
export type OpenDemo = (env: NodeJS.ProcessEnv, say: (line: string) => void) => Promise<Demo>;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function fail(text: string, exitCode: number): never {
  process.stderr.write(`${text}\n`);
  process.exit(exitCode);
}

function logLevelOf(env: NodeJS.ProcessEnv, otherwise: string): string {
  const level = env.LOG_LEVEL || otherwise;
  return LOG_LEVELS.includes(level) ? level : fail(`LOG_LEVEL: must be one of ${LOG_LEVELS.join(', ')}`, EXIT_CONFIG);
}

function configOf(loaded: Loaded): Config {
  return 'config' in loaded ? loaded.config : fail(formatProblems(loaded.problems), EXIT_CONFIG);
}

async function start(config: Config, logLevel: string): Promise<Adapter> {
  try {
    return await startAdapter({ config, log: openLog(logLevel), tell: say });
  } catch (thrown) {
    const error = asAdapterError(thrown);
    const cause = error.code === 'unexpected' && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    return fail(`${error.message}${cause}`, error.code === 'config-invalid' ? EXIT_CONFIG : 1);
  }
}

async function runAdapter(path: string, stopWith: StopWith): Promise<void> {
  const logLevel = logLevelOf(process.env, 'info');
  const config = configOf(
    readConfig({ path, env: process.env, vendors, readFile: (file) => readFileSync(file, 'utf8') }),
  );
  const starting = start(config, logLevel);
  stopWith(async () => (await starting).stop(STOP_SECONDS));
  await starting;
}

/** No configuration: the sandbox, an adapter for it, and an example order. */
async function runDemo(openDemo: OpenDemo, stopWith: StopWith): Promise<void> {
  const logLevel = logLevelOf(process.env, 'warn');
  const demo = await openDemo(process.env, say).catch((thrown: unknown) =>
    fail(
      thrown instanceof Error ? thrown.message : String(thrown),
      thrown instanceof Error && thrown.name === 'WrongSettings' ? EXIT_CONFIG : 1,
    ),
  );
  const config = configOf(
    loadConfig({
      text: demo.configText,
      path: 'sandbox.yaml',
      env: {},
      vendors,
      readFile: (file) => readFileSync(file, 'utf8'),
    }),
  );
  const starting = start(config, logLevel);
  stopWith(async () => {
    demo.stop();
    await (await starting).stop(STOP_SECONDS);
    await demo.close();
  });
  await starting;
  await demo.follow();
}

/** Runs what the environment asks for. Does not return before everything is up, or ends the process with a line that says why. */
export async function run(openDemo: OpenDemo, stopWith: StopWith): Promise<void> {
  const path = process.env.ADAPTER_CONFIG;
  await (path ? runAdapter(path, stopWith) : runDemo(openDemo, stopWith));
}

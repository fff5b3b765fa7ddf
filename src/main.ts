/** The process: reads the environment and the configuration, starts the adapter (or the sandbox with it), minds signals. */
import { readFileSync } from 'node:fs';
import { type Adapter, startAdapter } from './adapter.ts';
import { type Config, formatProblems, type Loaded, loadConfig, readConfig } from './config.ts';
import { asAdapterError } from './errors.ts';
import { openLog } from './log.ts';
import { vendors } from './vendors/index.ts';

/** EX_CONFIG of sysexits.h: the configuration is wrong. */
const EXIT_CONFIG = 78;
/** From the first signal to the end of the process. */
const STOP_SECONDS = 9;
/** npm and a terminal both pass a signal on: one that comes this soon after the first is the same one. */
const SAME_SIGNAL_MILLISECONDS = 1000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function fail(text: string, exitCode: number): never {
  process.stderr.write(`${text}\n`);
  process.exit(exitCode);
}

function configOf(loaded: Loaded): Config {
  return 'config' in loaded ? loaded.config : fail(formatProblems(loaded.problems), EXIT_CONFIG);
}

/** Runs until a signal comes; then stops in order, and at once when another one follows later. */
function mindSignals(stop: () => Promise<void>): void {
  let first: number | undefined;
  const onSignal = (): void => {
    if (first !== undefined) {
      if (Date.now() - first > SAME_SIGNAL_MILLISECONDS) {
        process.exit(0);
      }
      return;
    }
    first = Date.now();
    setTimeout(() => process.exit(0), STOP_SECONDS * 1000).unref();
    void stop().then(
      () => process.exit(0),
      (thrown) => fail(`Not stopped cleanly: ${asAdapterError(thrown).message}`, 1),
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
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

async function runAdapter(path: string): Promise<void> {
  const config = configOf(
    readConfig({ path, env: process.env, vendors, readFile: (file) => readFileSync(file, 'utf8') }),
  );
  const starting = start(config, process.env.LOG_LEVEL ?? 'info');
  mindSignals(async () => (await starting).stop(STOP_SECONDS));
  await starting;
}

/** No configuration: the sandbox, an adapter for it, and an example order. */
async function runDemo(): Promise<void> {
  const { openDemo } = await import('../sandbox/demo.ts');
  const demo = await openDemo(process.env, say).catch((thrown: unknown) =>
    fail(thrown instanceof Error ? thrown.message : String(thrown), 1),
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
  const starting = start(config, process.env.LOG_LEVEL ?? 'warn');
  mindSignals(async () => {
    demo.stop();
    await (await starting).stop(STOP_SECONDS);
    await demo.close();
  });
  await starting;
  await demo.follow();
}

const path = process.env.ADAPTER_CONFIG;
await (path ? runAdapter(path) : runDemo());

/** The process. Signals are minded before anything else is loaded, so that an early one is an orderly end, too. */
import { mindSignals } from './signals.ts';

const stopWith = mindSignals((thrown) => {
  process.stderr.write(`Not stopped cleanly: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
});
const { run } = await import('./run.ts');
await run(async (...settings) => (await import('../sandbox/demo.ts')).openDemo(...settings), stopWith);

/**
 * Drawing happens in a process of its own: a decoded picture is many times as large as its file and what was allocated for
 * it stays with a process for good, decoders of what came from outside may crash, and one that hangs can be ended.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { AdapterError } from '../errors.ts';
import type { CircleJob, Drawn } from './draw-file.ts';
import type { PreviewJob } from './preview-file.ts';
import type { Size } from './svg-text.ts';
import type { TurnJob } from './turn.ts';

/** What the drawing process is asked for, one at a time. */
export type DrawRequest =
  | { circles: CircleJob }
  | { preview: PreviewJob }
  | { svg: string }
  | { turn: TurnJob }
  | { fonts: true };
/** Its answer; what went wrong is told without the library's words. */
export type DrawAnswer =
  | { circled: Drawn }
  | { previewed: Size }
  | { png: Uint8Array }
  | { turned: true }
  | { canWrite: boolean }
  | { failed: true };

/** Milliseconds of one drawing. */
const PATIENCE = 120_000;
/** Milliseconds without work after which the process, and with it its memory, goes. */
const IDLE = 2000;
/** Drawings after which it goes, too. */
const MOST = 100;

/** Of the environment it needs to find fonts and a place for files; our secrets are none of its business. */
const KEPT = [
  'PATH',
  'HOME',
  'TMPDIR',
  'LANG',
  'FONTCONFIG_FILE',
  'FONTCONFIG_PATH',
  'XDG_CACHE_HOME',
  'LD_LIBRARY_PATH',
];

interface Drawer {
  child: ChildProcess;
  drawings: number;
}

let drawer: Drawer | undefined;
let idle: NodeJS.Timeout | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Drawings as promises: each rejects with an Error where the picture cannot be decoded, with an AdapterError where the process fails. */
export const drawApart = {
  async circles(job: CircleJob): Promise<Drawn> {
    const answer = await ask({ circles: job });
    if ('circled' in answer) {
      return answer.circled;
    }
    throw new Error('It cannot be decoded');
  },
  async preview(job: PreviewJob): Promise<Size> {
    const answer = await ask({ preview: job });
    if ('previewed' in answer) {
      return answer.previewed;
    }
    throw new Error('It cannot be decoded');
  },
  async turned(job: TurnJob): Promise<void> {
    if (!('turned' in (await ask({ turn: job })))) {
      throw new Error('It cannot be turned');
    }
  },
  async svg(svg: string): Promise<Uint8Array> {
    const answer = await ask({ svg });
    if ('png' in answer) {
      return answer.png;
    }
    throw new Error('It cannot be drawn');
  },
  /** Whether this machine has a font: without one, words are rows of empty boxes. */
  async canWrite(): Promise<boolean> {
    const answer = await ask({ fonts: true });
    if ('canWrite' in answer) {
      return answer.canWrite;
    }
    throw new Error('It is not known whether there is a font');
  },
};

/** One after the other, whatever became of those before. */
function ask(request: DrawRequest): Promise<DrawAnswer> {
  const mine = last.then(() => exchange(request));
  last = mine.catch(() => undefined);
  return mine;
}

async function exchange(request: DrawRequest): Promise<DrawAnswer> {
  clearTimeout(idle);
  drawer ??= start();
  const mine = drawer;
  const { child } = mine;
  const { promise, resolve, reject } = Promise.withResolvers<DrawAnswer>();
  const gone = (): void =>
    reject(new AdapterError('unexpected', 'The drawing process ended in the middle of its work'));
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  child
    .once('message', (answer: DrawAnswer) => resolve(answer))
    .once('exit', gone)
    .once('error', gone);
  hold(child, true);
  child.send(request, (error) => error && gone());
  try {
    return await promise;
  } catch (thrown) {
    dismiss(mine);
    throw thrown;
  } finally {
    clearTimeout(timer);
    child.removeAllListeners('message').off('exit', gone).off('error', gone);
    mine.drawings++;
    hold(child, false);
    if (mine.drawings >= MOST) {
      dismiss(mine);
    }
    idle = setTimeout(() => dismiss(mine), IDLE).unref();
  }
}

function start(): Drawer {
  const kept = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const child = fork(new URL('./drawing-process.ts', import.meta.url), {
    env: Object.fromEntries(kept),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const started = { child, drawings: 0 };
  const forget = (): void => {
    drawer = drawer === started ? undefined : drawer;
  };
  child.on('exit', forget).on('error', forget);
  return started;
}

/** A process without work must not keep ours alive. */
function hold(child: ChildProcess, busy: boolean): void {
  if (busy) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

function dismiss(old: Drawer): void {
  drawer = drawer === old ? undefined : drawer;
  old.child.kill('SIGKILL');
}

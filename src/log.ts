/** Logs carry ids, codes, counts and times, from an allow-list; anything else is dropped before it reaches pino. */
import { type Logger as Pino, pino } from 'pino';

/** Every field that may stand in a log line. None can hold a name, a text, a URL query or a token. */
const ALLOWED = [
  'site',
  'route',
  'vendor',
  'order',
  'orderKey',
  'step',
  'status',
  'code',
  'kind',
  'operator',
  'attempt',
  'after',
  'ms',
  'bytes',
  'count',
  'notification',
  'dialect',
  'resourceType',
  'interaction',
  'subscription',
  'httpStatus',
  'method',
  'port',
  'process',
  'fence',
  'effect',
  'effectKey',
  'user',
  'errorName',
  'until',
  'version',
  'address',
] as const;

type Allowed = (typeof ALLOWED)[number];
export type LogFields = Partial<Record<Allowed, string | number | boolean | undefined>>;

export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Log;
}

const allowed: ReadonlySet<string> = new Set(ALLOWED);

function only(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => allowed.has(name)));
}

function wrap(logger: Pino): Log {
  return {
    debug: (fields, message) => logger.debug(only(fields), message),
    info: (fields, message) => logger.info(only(fields), message),
    warn: (fields, message) => logger.warn(only(fields), message),
    error: (fields, message) => logger.error(only(fields), message),
    child: (fields) => wrap(logger.child(only(fields))),
  };
}

/** What LOG_LEVEL may say: pino's levels, and nothing at all. */
export const LOG_LEVELS: readonly string[] = [...Object.values(pino.levels.labels), 'silent'];

/** A log that writes JSON lines to `destination` (standard output by default). `level` is one of LOG_LEVELS. */
export function openLog(level = 'info', destination?: { write(line: string): void }): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return wrap(destination ? pino(options, destination) : pino(options));
}

export const silentLog: Log = openLog('silent');

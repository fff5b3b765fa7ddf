/** The configuration file: YAML or JSON in, one frozen Config out, or all of its problems at once. */
import { readFileSync } from 'node:fs';
import { crossCheck } from './config/cross-check.ts';
import { parseText } from './config/document.ts';
import { errorCode, expand } from './config/expand.ts';
import { parse, replaced } from './config/parse.ts';
import { formatPath, type Problem, valueAt } from './config/problems.ts';
import { type Config, configSchema } from './config/schema.ts';
import { parseVendorParts, type VendorRegistry } from './config/vendor-parts.ts';

export { formatProblems, type Problem } from './config/problems.ts';
export type * from './config/schema.ts';

export interface ConfigSource {
  /** Where the configuration stands; `.json` is read as JSON, anything else as YAML (of which JSON is a part). */
  path: string;
  env: Record<string, string | undefined>;
  /** The text of a file; throws where it cannot be read. */
  readFile(path: string): string;
  vendors: VendorRegistry;
}

export type Loaded = { config: Config } | { problems: Problem[] };

/** The variables that win over the file (the contract, section 1). */
const OVERRIDES = [
  { name: 'PORT', section: 'http', key: 'port' },
  { name: 'DATABASE_URL', section: 'database', key: 'url' },
] as const;

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Freezes plain data through and through; what a vendor's schema may have made an instance of a class is left alone. */
function deepFreeze<T>(value: T): T {
  if (Array.isArray(value) || (isMapping(value) && Object.getPrototypeOf(value) === Object.prototype)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/** The last guard: whatever a vendor's schema may say, nothing that came from the environment or a file is shown. */
function withoutInserted(problems: Problem[], inserted: ReadonlySet<string>): Problem[] {
  // Shorter ones are no secrets, and would tear holes into common words.
  const secrets = [...inserted].filter((text) => text.length >= 8);
  return problems.map(({ path, message }) => ({
    path,
    message: secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), message),
  }));
}

function withVendorParts(config: Config, parsed: ReadonlyMap<string, unknown>): Config {
  const part = (path: (string | number)[], raw: Record<string, unknown>): Record<string, unknown> => {
    const value = parsed.get(formatPath(path));
    return isMapping(value) ? value : raw;
  };
  const sites = config.sites.map((site, s) => ({
    ...site,
    vendors: Object.fromEntries(
      Object.entries(site.vendors).map(([name, raw]) => [name, part(['sites', s, 'vendors', name], raw)]),
    ),
    routes: site.routes.map((route, r) => ({
      ...route,
      options: part(['sites', s, 'routes', r, 'options'], route.options),
    })),
  }));
  return { ...config, sites };
}

/**
 * Reads a configuration's text: expands `${NAME}` and `${file:…}`, lets PORT and DATABASE_URL win, checks structure,
 * cross-references and the vendors' parts. Reports every problem at once, each with its path and without any value.
 * Never throws. The Config is frozen; vendors' settings and options in it are what their schemas made of them.
 */
export function loadConfig({ text, path, env, readFile, vendors }: ConfigSource & { text: string }): Loaded {
  const document = parseText(text, path);
  if ('problems' in document) {
    return document;
  }
  const { value, problems, expanded, inserted } = expand(document.data, { env, readFile });
  if (!isMapping(value)) {
    return { problems: [...problems, { path: '', message: 'must be a mapping with sites, http and so on' }] };
  }
  let raw: unknown = value;
  for (const { name, section, key } of OVERRIDES) {
    const text = env[name];
    const holder = valueAt(raw, [section]);
    if (text && (holder === undefined || isMapping(holder))) {
      raw = replaced(raw, [section, key], text);
      expanded.add(formatPath([section, key]));
      inserted.add(text);
    }
  }
  const structure = parse(configSchema, raw, [], expanded);
  const parts = parseVendorParts(raw, vendors, expanded);
  const unexpanded = new Set(problems.map((problem) => problem.path));
  const found = [
    ...('problems' in structure ? structure.problems : []),
    ...parts.problems,
    ...crossCheck({ raw, expanded, readFile }),
  ];
  // What could not be expanded is told once: a schema would only complain of the expression that still stands there.
  problems.push(...found.filter((problem) => !unexpanded.has(problem.path)));
  if ('problems' in structure || problems.length > 0) {
    return { problems: withoutInserted(problems, inserted) };
  }
  return { config: deepFreeze(withVendorParts(structure.data, parts.parsed)) };
}

/** `loadConfig` of the file at `path`; a file that cannot be read is a problem like any other. */
export function readConfig({
  readFile = (path) => readFileSync(path, 'utf8'),
  ...source
}: Omit<ConfigSource, 'readFile'> & Partial<Pick<ConfigSource, 'readFile'>>): Loaded {
  let text: string;
  try {
    text = readFile(source.path);
  } catch (error) {
    return { problems: [{ path: '', message: `the configuration file cannot be read${errorCode(error)}` }] };
  }
  return loadConfig({ ...source, text, readFile });
}

/**
 * What a schema cannot see: names that have to differ or to exist, files, crontabs, searches.
 *
 * It looks at the data before the schema has, so that a wrong structure in one place hides nothing elsewhere; what has
 * not the expected shape is passed over, for the schema reports it.
 */
import { validate as isCron } from 'node-cron';
import { checkCriteria } from './criteria.ts';
import { errorCode } from './expand.ts';
import { formatPath, type Path, type Problem, valueAt } from './problems.ts';

export interface CrossCheck {
  /** The expanded, not yet parsed configuration. */
  raw: unknown;
  /** The paths that an expression was put into. */
  expanded: ReadonlySet<string>;
  readFile(path: string): string;
}

/** The items of the list at `path`, each with its own path. */
export function itemsAt(raw: unknown, path: Path): { item: unknown; path: Path }[] {
  const list = valueAt(raw, path);
  return Array.isArray(list) ? list.map((item, index) => ({ item, path: [...path, index] })) : [];
}

function duplicates(raw: unknown, list: Path, key: string): Problem[] {
  const seen = new Map<string, Path>();
  return itemsAt(raw, list).flatMap(({ item, path }) => {
    const value = valueAt(item, [key]);
    const at = [...path, key];
    const earlier = typeof value === 'string' ? seen.get(value) : undefined;
    if (typeof value === 'string' && earlier === undefined) {
      seen.set(value, at);
    }
    return earlier ? [{ path: formatPath(at), message: `is the same as ${formatPath(earlier)}` }] : [];
  });
}

function isBareHost(text: string): boolean {
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(text) || !URL.canParse(`https://${text}`)) {
    return false;
  }
  // A port that is the scheme's own is not part of a URL's host, and would never match one.
  return new URL(`https://${text}`).host === text.toLowerCase();
}

function sweep(value: unknown, at: Path): Problem[] {
  if (typeof value !== 'string' || value === 'off') {
    return [];
  }
  let valid = false;
  try {
    valid = isCron(value);
  } catch {
    // Not a crontab expression.
  }
  return valid
    ? []
    : [{ path: formatPath(at), message: 'is no node-cron expression (five or six fields), e.g. */5 * * * *; or off' }];
}

/** One file, or a list of two while the key changes. */
function keyFiles(value: unknown, at: Path, readFile: CrossCheck['readFile']): Problem[] {
  return Array.isArray(value)
    ? value.flatMap((each, index) => keyFile(each, [...at, index], readFile))
    : keyFile(value, at, readFile);
}

function keyFile(value: unknown, at: Path, readFile: CrossCheck['readFile']): Problem[] {
  if (typeof value !== 'string' || value === '') {
    return [];
  }
  try {
    return readFile(value).trim() === '' ? [{ path: formatPath(at), message: 'the file is empty' }] : [];
  } catch (error) {
    return [{ path: formatPath(at), message: `the file cannot be read${errorCode(error)}` }];
  }
}

function route(item: unknown, path: Path, expanded: ReadonlySet<string>): Problem[] {
  const on = valueAt(item, ['on']);
  if (typeof on !== 'string' || on === '') {
    return [];
  }
  const at = formatPath([...path, 'on']);
  const { problems } = checkCriteria(on);
  if (problems.length > 0 && expanded.has(at)) {
    // Its words came from the environment or a file: none of them may be shown.
    return [{ path: at, message: `is, with what \${…} stands for, no search that can be evaluated` }];
  }
  return problems.map((message) => ({ path: at, message }));
}

function site(item: unknown, path: Path, { raw, expanded, readFile }: CrossCheck): Problem[] {
  const openDoors = [
    [...path, 'subscriptions', 'secret'],
    [...path, 'cdsHooks', 'clients'],
  ].filter((door) => valueAt(raw, door) === 'none' && expanded.has(formatPath(door)));
  const hosts = itemsAt(raw, [...path, 'fhir', 'storageHosts']);
  return [
    ...duplicates(raw, [...path, 'routes'], 'id'),
    ...itemsAt(raw, [...path, 'routes']).flatMap((each) => route(each.item, each.path, expanded)),
    ...sweep(valueAt(item, ['subscriptions', 'sweep']), [...path, 'subscriptions', 'sweep']),
    ...keyFiles(
      valueAt(item, ['fhir', 'auth', 'privateKeyFile']),
      [...path, 'fhir', 'auth', 'privateKeyFile'],
      readFile,
    ),
    ...hosts
      .filter((host) => typeof host.item === 'string' && host.item !== '' && !isBareHost(host.item))
      .map((host) => ({ path: formatPath(host.path), message: 'must be a bare host, e.g. storage.ehr.example' })),
    ...openDoors.map((door) => ({ path: formatPath(door), message: '"none" has to be written in the file itself' })),
  ];
}

/** Whether the site keeps Subscriptions of its own, for which its server has to reach us. */
function registers(item: unknown): boolean {
  const subscriptions = valueAt(item, ['subscriptions']);
  // It may be a text from the environment, not yet made a truth value.
  const reached = ['register', 'dialect', 'channel'].map((key) => String(valueAt(subscriptions, [key])));
  return reached[0] !== 'false' && reached[1] !== 'none' && reached[2] !== 'websocket';
}

/** All problems between the parts of a configuration, but for what the vendors say of theirs. */
export function crossCheck(check: CrossCheck): Problem[] {
  const { raw } = check;
  const sites = itemsAt(raw, ['sites']);
  const isUnreachable = valueAt(raw, ['http', 'publicUrl']) === undefined && sites.some(({ item }) => registers(item));
  return [
    ...(isUnreachable
      ? [{ path: 'http.publicUrl', message: 'is missing: a site registers Subscriptions, and nobody could reach us' }]
      : []),
    ...(valueAt(raw, ['http', 'publicUrl']) === undefined &&
    sites.some(({ item }) => Array.isArray(valueAt(item, ['cdsHooks', 'clients'])))
      ? [{ path: 'http.publicUrl', message: 'is missing: the tokens of CDS Hooks are made for our own URL' }]
      : []),
    ...duplicates(raw, ['sites'], 'name'),
    ...duplicates(raw, ['console', 'users'], 'name'),
    ...duplicates(raw, ['console', 'users'], 'token'),
    ...sites.flatMap(({ item, path }) => site(item, path, check)),
  ];
}

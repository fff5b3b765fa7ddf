/** The parts of a configuration that a vendor's own schemas rule: its settings and the options of its routes. */
import type { z } from 'zod';
import { checkCriteria } from './criteria.ts';
import { itemsAt } from './cross-check.ts';
import { suggestion } from './nearest.ts';
import { parse } from './parse.ts';
import { formatPath, type Path, type Problem, valueAt } from './problems.ts';

/** What is needed of a vendor here. */
export interface ConfiguredVendor {
  settings: z.ZodType<unknown>;
  options: z.ZodType<unknown>;
  /** There where people log in with it: what that gives is kept encrypted. */
  login?: unknown;
  /** One that needs slides fetches them from the site's storage. */
  needs?: readonly string[];
  /** Its results are about other people than the orders'. */
  others?: true;
}

export type VendorRegistry = Readonly<Record<string, ConfiguredVendor>>;

export interface VendorParts {
  problems: Problem[];
  /** What the vendors' schemas made of the raw parts, by their formatted paths. */
  parsed: Map<string, unknown>;
}

const SERVING = [['http', 'publicUrl'] as const, ['security', 'signingKey'] as const];

/** A folder of ours is reached under URLs that are ours, and signed. */
function unserved(raw: unknown, site: { item: unknown; path: Path }, vendor: string): Problem[] {
  if (valueAt(site.item, ['storage', 'type']) === 's3') {
    return [];
  }
  const message = `is missing: ${vendor} fetches the slides of ${formatPath(site.path)} from the folder that we serve; or set its storage to a bucket`;
  return SERVING.filter((path) => valueAt(raw, [...path]) === undefined).map((path) => ({
    path: formatPath([...path]),
    message,
  }));
}

/** A document or a picture is of somebody, and nothing of theirs is of use to a vendor whose results are about others. */
const OF_SOMEBODY: readonly string[] = ['DocumentReference', 'Media'];

function ofSomebody(route: { item: unknown; path: Path }, vendor: string): Problem[] {
  const on = valueAt(route.item, ['on']);
  if (typeof on !== 'string' || !OF_SOMEBODY.includes(checkCriteria(on).type)) {
    return [];
  }
  const message = `must be a search for ServiceRequest or Task: ${vendor} gives results about other people, and is given no document or picture`;
  return [{ path: formatPath([...route.path, 'on']), message }];
}

/** A misspelt vendor would be given everybody's data, and of one that is given nobody's no Consent is asked. */
function consents(site: { item: unknown; path: Path }, settings: unknown, vendors: VendorRegistry): Problem[] {
  const known = isMapping(settings) ? Object.keys(settings) : [];
  return itemsAt(site.item, ['policy', 'requireConsent']).flatMap(({ item, path }) => {
    if (typeof item !== 'string') {
      return [];
    }
    const at = formatPath([...site.path, ...path]);
    if (!known.includes(item)) {
      const message = `has no settings under ${formatPath([...site.path, 'vendors'])}${suggestion(item, known)}`;
      return [{ path: at, message }];
    }
    const isOthers = Object.hasOwn(vendors, item) && vendors[item]?.others === true;
    return isOthers ? [{ path: at, message: `means nothing: ${item} is given nothing of the patient` }] : [];
  });
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses every `sites[].vendors.<name>` and `sites[].routes[].options` with the schemas of the vendor they are for. */
export function parseVendorParts(raw: unknown, vendors: VendorRegistry, expanded: ReadonlySet<string>): VendorParts {
  const problems: Problem[] = [];
  const parsed = new Map<string, unknown>();
  const vendorOf = (name: string) => (Object.hasOwn(vendors, name) ? vendors[name] : undefined);
  const names = Object.keys(vendors);

  const run = (schema: z.ZodType<unknown>, value: unknown, path: Path): void => {
    const result = parse(schema, value, path, expanded);
    if ('problems' in result) {
      problems.push(...result.problems);
    } else {
      parsed.set(formatPath(path), result.data);
    }
  };
  const noVendor = (path: Path, hint: string): void => {
    const has = names.length === 0 ? 'it has none' : `it has: ${names.join(', ')}`;
    problems.push({ path: formatPath(path), message: `this version has no vendor of that name; ${has}${hint}` });
  };

  const isKeyless = valueAt(raw, ['security', 'encryptionKey']) === undefined;

  for (const site of itemsAt(raw, ['sites'])) {
    const settings = valueAt(site.item, ['vendors']);
    for (const [name, value] of Object.entries(isMapping(settings) ? settings : {})) {
      const vendor = vendorOf(name);
      const path = [...site.path, 'vendors', name];
      if (vendor === undefined) {
        noVendor(path, suggestion(name, names));
      } else if (isMapping(value)) {
        run(vendor.settings, value, path);
        if (vendor.login !== undefined && isKeyless) {
          const message = `is missing: ${formatPath(path)} needs a person's login, which is kept encrypted`;
          problems.push({ path: 'security.encryptionKey', message });
        }
      }
    }
    problems.push(...consents(site, settings, vendors));
    for (const route of itemsAt(raw, [...site.path, 'routes'])) {
      const name = valueAt(route.item, ['vendor']);
      if (typeof name !== 'string' || name === '') {
        continue;
      }
      const vendor = vendorOf(name);
      if (vendor === undefined) {
        noVendor([...route.path, 'vendor'], suggestion(name, names));
        continue;
      }
      if (!isMapping(settings) || !Object.hasOwn(settings, name)) {
        const at = formatPath([...site.path, 'vendors']);
        problems.push({ path: formatPath([...route.path, 'vendor']), message: `has no settings under ${at}` });
      }
      if (vendor.needs?.includes('slide')) {
        problems.push(...unserved(raw, site, name));
      }
      if (vendor.others) {
        problems.push(...ofSomebody(route, name));
      }
      const options = valueAt(route.item, ['options']) ?? {};
      if (isMapping(options)) {
        run(vendor.options, options, [...route.path, 'options']);
      }
    }
  }
  return { problems, parsed };
}

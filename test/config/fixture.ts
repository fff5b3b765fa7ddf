/** A vendor registry of one fake vendor, and a way to load a configuration from pieces. */
import { z } from 'zod';
import { limitsSchema } from '../../src/config/limits.ts';
import type { VendorRegistry } from '../../src/config/vendor-parts.ts';
import { type Config, loadConfig, type Problem } from '../../src/config.ts';

export const vendors: VendorRegistry = {
  healthsage: {
    settings: z.strictObject({
      baseUrl: z.url().default('https://cdt-beta.healthsage.ai'),
      apiKey: z.string().min(1),
      timeout: z.number().default(30),
      limits: limitsSchema,
    }),
    options: z.strictObject({ specialty: z.string().default('General') }),
  },
  slidelab: { settings: z.strictObject({}), options: z.strictObject({}), needs: ['slide'] },
  cohorts: { settings: z.strictObject({}), options: z.strictObject({}), needs: [], others: true },
};

export interface Setting {
  env?: Record<string, string | undefined>;
  files?: Record<string, string>;
  path?: string;
}

export function load(text: string, { env = {}, files = {}, path = 'adapter.yaml' }: Setting = {}) {
  return loadConfig({
    text,
    path,
    env,
    vendors,
    readFile: (name) => {
      const content = files[name];
      if (content === undefined) {
        throw Object.assign(new Error(`no such file: ${name}`), { code: 'ENOENT' });
      }
      return content;
    },
  });
}

export function configOf(value: unknown, setting?: Setting): Config {
  const loaded = load(typeof value === 'string' ? value : JSON.stringify(value), setting);
  if ('problems' in loaded) {
    throw new Error(JSON.stringify(loaded.problems));
  }
  return loaded.config;
}

export function problemsOf(value: unknown, setting?: Setting): Problem[] {
  const loaded = load(typeof value === 'string' ? value : JSON.stringify(value), setting);
  return 'problems' in loaded ? loaded.problems : [];
}

/** The messages at one path. */
export function at(problems: Problem[], path: string): string[] {
  return problems.filter((problem) => problem.path === path).map(({ message }) => message);
}

export function route(changes: Record<string, unknown> = {}) {
  return { id: 'note-coding', on: 'DocumentReference?status=current', vendor: 'healthsage', ...changes };
}

export function site(changes: Record<string, unknown> = {}) {
  return {
    name: 'general',
    fhir: { baseUrl: 'https://ehr.example/fhir/R4' },
    subscriptions: { secret: 'long-enough-secret' },
    vendors: { healthsage: { apiKey: 'key' } },
    routes: [route()],
    ...changes,
  };
}

export function file(changes: Record<string, unknown> = {}) {
  return { http: { publicUrl: 'https://adapter.example' }, sites: [site()], ...changes };
}

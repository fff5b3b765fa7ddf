/** What is wrong with a configuration: one line each, with its path and never with a value. */
import type { z } from 'zod';
import { knownKeys } from './known-keys.ts';
import { nearest, suggestion } from './nearest.ts';

export interface Problem {
  /** `sites[0].routes[2].vendor`; empty for the file as a whole. */
  path: string;
  /** Names keys, never values: a value may be a secret. */
  message: string;
}

export type Path = readonly PropertyKey[];

/** `['sites', 0, 'name']` as `sites[0].name`; a key that is no plain word stands in brackets and quotes. */
export function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') {
      text += `[${key}]`;
    } else if (/^[A-Za-z_$][\w$-]*$/.test(String(key))) {
      text += text === '' ? String(key) : `.${String(key)}`;
    } else {
      text += `[${JSON.stringify(String(key))}]`;
    }
  }
  return text;
}

/** One line a problem, in the order of the paths (`sites[2]` before `sites[10]`). */
export function formatProblems(problems: readonly Problem[]): string {
  return problems
    .toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }) || a.message.localeCompare(b.message))
    .map(({ path, message }) => `${path || 'configuration'}: ${message}`.replaceAll(/\s*[\r\n]+\s*/g, ' '))
    .join('\n');
}

/** The value at `path` of parsed JSON; undefined where there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) {
      return undefined;
    }
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}

/** An issue without unions: of a union, the branch that the value was most likely meant for. */
export interface LeafIssue {
  path: PropertyKey[];
  issue: z.core.$ZodIssue;
}

function isOfAnotherShape(branch: readonly z.core.$ZodIssue[]): boolean {
  return branch.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'));
}

export function leafIssues(issues: readonly z.core.$ZodIssue[], at: Path): LeafIssue[] {
  return issues.flatMap((issue) => {
    const path = [...at, ...issue.path];
    if (issue.code === 'invalid_union') {
      const meant = issue.errors.find((branch) => branch.length > 0 && !isOfAnotherShape(branch));
      const deeper = meant && leafIssues(meant, path);
      // Where no branch fits even in shape, the union's own words say what is wanted.
      return deeper && !deeper.every((leaf) => leaf.issue.code === 'invalid_union') ? deeper : [{ path, issue }];
    }
    return [{ path, issue }];
  });
}

const WANTED: Record<string, string> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** zod's words made ours; only what was expected is said, never what was found. */
function words(issue: z.core.$ZodIssue, missing: boolean): string {
  if (missing) {
    const wanted = issue.message.startsWith('Invalid') ? '' : `: ${issue.message}`;
    return `is missing${wanted}`;
  }
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input')
        ? `must be ${WANTED[issue.expected] ?? `a ${issue.expected}`}`
        : issue.message;
    case 'invalid_value':
      return issue.message.startsWith('Invalid')
        ? `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
        : issue.message;
    default:
      return issue.message;
  }
}

/**
 * zod's issues as problems, one for each unknown key; a key that is missing because it was mistyped is told once.
 *
 * @param raw what was parsed, to tell a missing value from a wrong one
 * @param at where `raw` stands in the configuration
 */
export function problemsOf(schema: z.ZodType, error: z.ZodError, raw: unknown, at: Path): Problem[] {
  const leaves = leafIssues(error.issues, []);
  const mistyped = new Set<string>();
  const unknown = leaves.flatMap(({ path, issue }): Problem[] => {
    if (issue.code !== 'unrecognized_keys') {
      return [];
    }
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => {
      const meant = nearest(key, known);
      if (meant !== undefined) {
        mistyped.add(formatPath([...at, ...path, meant]));
      }
      return { path: formatPath([...at, ...path, key]), message: `unknown key "${key}"${suggestion(key, known)}` };
    });
  });
  const others = leaves.flatMap(({ path, issue }): Problem[] => {
    const formatted = formatPath([...at, ...path]);
    const isMissing = valueAt(raw, path) === undefined && issue.code !== 'custom';
    return issue.code === 'unrecognized_keys' || (isMissing && mistyped.has(formatted))
      ? []
      : [{ path: formatted, message: words(issue, isMissing) }];
  });
  return [...unknown, ...others];
}

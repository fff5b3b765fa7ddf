/** zod over expanded data, where a number may have come as a text from the environment. */
import type { z } from 'zod';
import { formatPath, leafIssues, type Path, type Problem, problemsOf, valueAt } from './problems.ts';

const NUMBER = /^-?\d+(\.\d+)?$/;

/** The text as what the schema wants; undefined where it is not one. */
function coerced(text: string, expected: string): number | boolean | undefined {
  if (expected === 'number' || expected === 'int') {
    return NUMBER.test(text.trim()) ? Number(text) : undefined;
  }
  return expected === 'boolean' && (text === 'true' || text === 'false') ? text === 'true' : undefined;
}

/** A copy of parsed JSON with another value at `path`. */
export function replaced(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    return value;
  }
  if (Array.isArray(root)) {
    return root.map((item, index) => (index === key ? replaced(item, rest, value) : item));
  }
  return { ...(typeof root === 'object' ? root : {}), [key]: replaced(valueAt(root, [key]), rest, value) };
}

/**
 * Parses `raw`, which stands at `at` of the configuration. Texts that an expression was put into become numbers and
 * truth values where the schema wants those; a text written as such in the file does not.
 */
export function parse<T>(
  schema: z.ZodType<T>,
  raw: unknown,
  at: Path,
  expanded: ReadonlySet<string>,
): { data: T } | { problems: Problem[] } {
  const first = schema.safeParse(raw);
  if (first.success) {
    return { data: first.data };
  }
  let better = raw;
  for (const { path, issue } of leafIssues(first.error.issues, [])) {
    const text = valueAt(raw, path);
    if (issue.code === 'invalid_type' && typeof text === 'string' && expanded.has(formatPath([...at, ...path]))) {
      better = replaced(better, path, coerced(text, issue.expected) ?? text);
    }
  }
  const second = better === raw ? first : schema.safeParse(better);
  return second.success ? { data: second.data } : { problems: problemsOf(schema, second.error, better, at) };
}

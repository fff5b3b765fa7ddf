/** `${NAME}` and `${file:/path}` in the strings of a configuration. */
import { formatPath, type Path, type Problem } from './problems.ts';

export interface Surroundings {
  env: Record<string, string | undefined>;
  /** The text of a file; throws where it cannot be read. */
  readFile(path: string): string;
}

export interface Expansion {
  value: unknown;
  problems: Problem[];
  /** The formatted paths of the strings that something was put into. */
  expanded: Set<string>;
  /** What was put in: any of it may be a secret. */
  inserted: Set<string>;
}

/** Deeper than any real configuration, and far from the end of the stack. */
const DEEPEST = 40;
/** In turn: an escaped opening, an expression, an opening without an end. */
const EXPRESSION = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;

/** `ENOENT` and its like; nothing else of a file error is fit to be shown. */
export function errorCode(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return /^E[A-Z]+$/.test(code) ? ` (${code})` : '';
}

/**
 * Expands every string of `raw` once: what was put in is not looked at again. `$${` stands for `${`.
 * A key without a value (`null`) counts as left out.
 */
export function expand(raw: unknown, { env, readFile }: Surroundings): Expansion {
  const problems: Problem[] = [];
  const expanded = new Set<string>();
  const inserted = new Set<string>();

  const replaced = (expression: string | undefined): string | { problem: string } => {
    if (expression === undefined) {
      return { problem: `has a "\${" without its "}" (write "$\${" where it is meant literally)` };
    }
    if (/^[A-Za-z_]\w*$/.test(expression)) {
      const value = Object.hasOwn(env, expression) ? env[expression] : undefined;
      return value ?? { problem: `the environment variable ${expression} is not set` };
    }
    if (!/^file:./.test(expression)) {
      return { problem: `has a "\${…}" that is neither \${NAME} nor \${file:/path}` };
    }
    try {
      return readFile(expression.slice('file:'.length)).replace(/\r?\n$/, '');
    } catch (error) {
      return { problem: `the file named in \${file:…} cannot be read${errorCode(error)}` };
    }
  };

  const text = (value: string, path: Path): string =>
    value.replaceAll(EXPRESSION, (whole: string, expression: string | undefined) => {
      if (whole === '$${') {
        return '${';
      }
      const found = replaced(expression);
      if (typeof found !== 'string') {
        problems.push({ path: formatPath(path), message: found.problem });
        return whole;
      }
      expanded.add(formatPath(path));
      inserted.add(found);
      return found;
    });

  const walk = (value: unknown, path: Path): unknown => {
    if (path.length > DEEPEST) {
      problems.push({ path: formatPath(path.slice(0, 3)), message: 'is nested too deeply' });
      return undefined;
    }
    if (typeof value === 'string') {
      return text(value, path);
    }
    if (Array.isArray(value)) {
      return value.map((item, index) => walk(item, [...path, index]));
    }
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).filter(([, item]) => item !== null);
      return Object.fromEntries(entries.map(([key, item]) => [key, walk(item, [...path, key])]));
    }
    return value;
  };

  return { value: walk(raw, []), problems, expanded, inserted };
}

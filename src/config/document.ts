/** A configuration file's text, YAML or JSON, as plain data. */
import { LineCounter, parseDocument } from 'yaml';
import type { Problem } from './problems.ts';

/** The parser's own words quote the file, which may hold secrets; these do not. */
const WORDS: Record<string, string> = {
  BAD_INDENT: 'wrong indentation',
  DUPLICATE_KEY: 'the same key twice in one mapping',
  MISSING_CHAR: 'a character is missing here (a quote, a bracket, a comma or a colon)',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line',
  MULTIPLE_DOCS: 'more than one document in the file',
  TAB_AS_INDENT: 'a tab in the indentation',
  TAG_RESOLVE_FAILED: 'a tag or a bare word that is not known',
  UNEXPECTED_TOKEN: 'something unexpected',
};

/**
 * Stand-ins for the braces of an expression while YAML is parsed: unquoted in a flow mapping, as in
 * `{ token: ${TOKEN} }`, they would end it. One character each, so that positions stay right; no text has them.
 */
const OPEN = '\u{fdd0}';
const CLOSE = '\u{fdd1}';

function hideBraces(text: string): string {
  return text.replaceAll(/\$\{([A-Za-z_]\w*|file:[^{}\r\n]*)\}/g, `$$${OPEN}$1${CLOSE}`);
}

function restoreBraces(text: string): string {
  return text.replaceAll(OPEN, '{').replaceAll(CLOSE, '}');
}

function restored(data: unknown): unknown {
  if (typeof data === 'string') {
    return restoreBraces(data);
  }
  if (Array.isArray(data)) {
    return data.map(restored);
  }
  return typeof data === 'object' && data !== null
    ? Object.fromEntries(Object.entries(data).map(([key, item]) => [restoreBraces(key), restored(item)]))
    : data;
}

/** The data, or where it cannot be read as YAML or JSON. Never throws. */
export function parseText(text: string, path: string): { data: unknown } | { problems: Problem[] } {
  const lines = new LineCounter();
  const isJson = /\.json$/i.test(path);
  try {
    const document = parseDocument(hideBraces(text.replace(/^\uFEFF/, '')), {
      lineCounter: lines,
      logLevel: 'silent',
      prettyErrors: false,
      schema: isJson ? 'json' : 'core',
    });
    // One syntax error breeds many; two keys of one name stand for themselves.
    const errors = [...document.errors, ...document.warnings].filter(
      ({ code }, index) => index === 0 || code === 'DUPLICATE_KEY',
    );
    if (errors.length > 0) {
      return {
        problems: errors.map((error) => {
          const { line, col } = lines.linePos(error.pos[0]);
          const words = WORDS[error.code] ?? error.code.toLowerCase().replaceAll('_', ' ');
          return { path: '', message: `line ${line}, column ${col}: not ${isJson ? 'JSON' : 'YAML'}: ${words}` };
        }),
      };
    }
    return { data: restored(document.toJS({ maxAliasCount: 100 })) };
  } catch {
    // Aliases that grow without end, or nesting that ends the stack.
    return { problems: [{ path: '', message: `cannot be read as ${isJson ? 'JSON' : 'YAML'}` }] };
  }
}

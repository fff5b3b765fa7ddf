/** Writes the table of error codes into docs/operations.md; with `--check` only says whether it is up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ERROR_CODES } from '../src/errors.ts';

const BEGIN = '<!-- error codes: begin -->';
const END = '<!-- error codes: end -->';

/** Errors that no order meets: the process does not start. */
const BEFORE_ORDERS = ['config-invalid', 'database-locked'];

/** What becomes of an order that meets an error of this class. */
function whatHappens(code: string, facts: { kind: string; remedy?: string }): string {
  if (BEFORE_ORDERS.includes(code)) {
    return 'not touched: the adapter does not start';
  }
  if (facts.kind === 'transient') {
    return 'tried again';
  }
  if (facts.kind === 'ambiguous') {
    return 'looked up, then tried again';
  }
  const ends: Record<string, string> = { hold: '`held`, Task on-hold', refuse: '`rejected`, Task rejected' };
  return ends[facts.remedy ?? ''] ?? '`failed`, Task failed';
}

/** The page with the table of src/errors.ts between the two marks; throws where the page has no marks. */
export function withErrorTable(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`The page has no place between ${BEGIN} and ${END}`);
  }
  const rows = Object.entries(ERROR_CODES).map(
    ([code, facts]) => `| \`${code}\` | ${whatHappens(code, facts)} | ${facts.operator} |`,
  );
  const table = ['| code | the order is | what to do |', '| --- | --- | --- |', ...rows].join('\n');
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const file = new URL('../docs/operations.md', import.meta.url);
  const page = readFileSync(file, 'utf8');
  const wanted = withErrorTable(page);
  if (process.argv.includes('--check')) {
    process.exitCode = page === wanted ? 0 : 1;
  } else {
    writeFileSync(file, wanted);
  }
}

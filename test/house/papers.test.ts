/** The papers say what the code does: lists in docs/ are compared with their source. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { withErrorTable } from '../../scripts/error-table.ts';
import { loadConfig } from '../../src/config.ts';
import { STATES } from '../../src/orders/states.ts';
import { vendors } from '../../src/vendors/index.ts';
import { filesOf, ROOT, readProjectFile } from './imports.ts';

const PAPERS = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md', ...filesOf('docs/**/*.md')];
const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readProjectFile('package.json')));

/** The first column of the tables in a page, without its code marks. */
function firstCells(page: string): string[] {
  return Array.from(page.matchAll(/^\| `([^`]+)` \|/gm), ([, cell = '']) => cell);
}

/** The problems of a configuration whose variables all have some value. */
function problemsOf(text: string): unknown {
  const names = Array.from(text.matchAll(/\$\{(\w+)\}/g), ([, name = '']) => name);
  const env = Object.fromEntries(names.map((name) => [name, `${name.toLowerCase()}-of-a-test`]));
  const loaded = loadConfig({
    text,
    path: 'shown.yaml',
    env: { ...env, DATABASE_URL: 'postgres://user@host/name' },
    readFile: () => '',
    vendors,
  });
  return 'problems' in loaded ? loaded.problems : [];
}

test('the error codes in docs/operations.md are those of src/errors.ts (node scripts/error-table.ts writes them)', () => {
  const page = readProjectFile('docs/operations.md');
  assert.equal(page, withErrorTable(page));
});

test('every metric of ours is described, and none that does not exist', () => {
  const unique = (found: Iterable<RegExpMatchArray>) => [...new Set(Array.from(found, ([, name]) => name))].sort();
  const described = readProjectFile('docs/operations.md').matchAll(/(fhir_ai_adapter_\w+)/g);
  const code = filesOf('src/**/*.ts').map(readProjectFile).join('\n');
  assert.deepEqual(unique(described), unique(code.matchAll(/name: '(fhir_ai_adapter_\w+)'/g)));
});

test('every status of an order is described', () => {
  const described = firstCells(readProjectFile('docs/operations.md'));
  assert.deepEqual(
    Object.keys(STATES).filter((status) => !described.includes(status)),
    [],
  );
});

test('every runtime dependency has its line in the decision record, and no other', () => {
  const lines = firstCells(readProjectFile('docs/decisions/0002-dependencies.md'));
  assert.deepEqual(lines.sort(), Object.keys(manifest.dependencies).sort());
});

test('decision records are numbered without gaps and short', () => {
  const records = filesOf('docs/decisions/*.md').sort();
  records.forEach((file, index) => {
    assert.match(posix.basename(file), new RegExp(`^${String(index + 1).padStart(4, '0')}-`));
    const text = readProjectFile(file);
    assert.ok(text.startsWith(`# ${index + 1}. `), `${file} begins with its number`);
    assert.ok(text.split('\n').length <= 41, `${file} has at most 40 lines`);
  });
});

test('links between the papers lead somewhere', () => {
  const broken = PAPERS.flatMap((file) =>
    Array.from(readProjectFile(file).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g), ([, to = '']) =>
      posix.join(posix.dirname(file), to),
    )
      .filter((target) => !existsSync(`${ROOT}${target}`))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(broken, []);
});

test('scripts that the papers name exist', () => {
  const named = PAPERS.flatMap((file) =>
    Array.from(readProjectFile(file).matchAll(/npm run ([a-z]+)/g), ([, name = '']) => name),
  );
  assert.deepEqual(
    [...new Set(named)].filter((name) => !Object.hasOwn(manifest.scripts, name)),
    [],
  );
});

test('the configurations that we show are valid', () => {
  assert.deepEqual(problemsOf(readProjectFile('docs/examples/compose-config.yaml')), []);
  const shown = Array.from(readProjectFile('README.md').matchAll(/```yaml\n(.*?)```/gs), ([, yaml = '']) => yaml);
  assert.equal(shown.length, 1);
  for (const yaml of shown) {
    assert.deepEqual(problemsOf(yaml), []);
  }
});

test('the example environment has every variable that the compose configuration reads', () => {
  const given = Array.from(readProjectFile('docs/examples/compose.env').matchAll(/^([A-Z_]+)=/gm), ([, name]) => name);
  const read = Array.from(
    readProjectFile('docs/examples/compose-config.yaml').matchAll(/\$\{(\w+)\}/g),
    ([, name]) => name,
  );
  assert.deepEqual(
    read.filter((name) => !given.includes(name)),
    [],
  );
});

test('no file of the adapter is longer than 300 lines', () => {
  const long = filesOf('src/**/*.ts', 'sandbox/**/*.ts').filter(
    (file) => readProjectFile(file).split('\n').length > 301,
  );
  assert.deepEqual(long, []);
});

test('no test is singled out or left out', () => {
  const marks = filesOf('test/**/*.test.ts').filter((file) =>
    /\b(?:test|it|describe|suite)\.(?:only|skip|todo)\(/.test(readProjectFile(file)),
  );
  assert.deepEqual(marks, []);
});

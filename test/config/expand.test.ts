import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, configOf, file, problemsOf, site } from './fixture.ts';

const withKey = (apiKey: unknown, more: Record<string, unknown> = {}) =>
  file({ sites: [site({ vendors: { healthsage: { apiKey, ...more } } })] });
const KEY = 'sites[0].vendors.healthsage.apiKey';

test('expressions are expanded inside strings, once, and files lose their last line break', () => {
  const env = { A: `\${B}`, B: 'b' };
  const files = { '/run/k': `f\${A}\n` };
  const key = (text: string) => configOf(withKey(text), { env, files }).sites[0]?.vendors.healthsage?.apiKey;
  assert.equal(key(`x-\${A}-\${B}`), `x-\${B}-b`);
  assert.equal(key(`\${file:/run/k}`), `f\${A}`);
  assert.equal(key(`$\${A} \${B}`), `\${A} b`);
});

test('what is missing is a problem at its path', () => {
  assert.deepEqual(at(problemsOf(withKey(`\${NOPE}`)), KEY), ['the environment variable NOPE is not set']);
  assert.deepEqual(at(problemsOf(withKey(`\${file:/nope}`)), KEY), [
    `the file named in \${file:…} cannot be read (ENOENT)`,
  ]);
  assert.equal(at(problemsOf(withKey(`a \${open`)), KEY).length, 1);
  assert.equal(at(problemsOf(withKey(`\${not a name}`)), KEY).length, 1);
  assert.equal(at(problemsOf(withKey(`\${toString}`)), KEY).length, 1);
  const missing = problemsOf(file({ database: { url: `\${DATABASE_URL}` } }));
  assert.deepEqual(missing, [{ path: 'database.url', message: 'the environment variable DATABASE_URL is not set' }]);
});

test('numbers and truth values may come from the environment, but not as texts of the file', () => {
  const env = { P: '9000', T: '12.5', R: 'false', BAD: 'eighty' };
  const config = configOf(
    {
      http: { port: `\${P}` },
      sites: [
        site({
          subscriptions: { secret: 'long-enough-secret', register: `\${R}` },
          vendors: { healthsage: { apiKey: 'k', timeout: `\${T}`, limits: { perDay: `\${P}` } } },
        }),
      ],
    },
    { env },
  );
  assert.equal(config.http.port, 9000);
  assert.equal(config.sites[0]?.subscriptions.register, false);
  assert.deepEqual(config.sites[0]?.vendors.healthsage, {
    baseUrl: 'https://cdt-beta.healthsage.ai',
    apiKey: 'k',
    timeout: 12.5,
    limits: { perDay: 9000 },
  });
  const http = { publicUrl: 'https://adapter.example' };
  assert.deepEqual(at(problemsOf(file({ http: { ...http, port: '9000' } })), 'http.port'), ['must be a number']);
  assert.deepEqual(at(problemsOf(file({ http: { ...http, port: `\${BAD}` } }), { env }), 'http.port'), [
    'must be a number',
  ]);
});

test('PORT and DATABASE_URL win over the file', () => {
  const url = 'postgresql://other/db';
  const given = file({ http: { port: 1, publicUrl: 'https://adapter.example' }, database: { url: 'postgres://a/b' } });
  const config = configOf(given, { env: { PORT: '8181', DATABASE_URL: url } });
  assert.deepEqual([config.http.port, config.database.url], [8181, url]);
  assert.equal(configOf(file(), { env: { DATABASE_URL: url } }).database.url, url);
  assert.equal(configOf(given, { env: { PORT: '', DATABASE_URL: '' } }).http.port, 1);
  assert.equal(at(problemsOf(given, { env: { PORT: 'http' } }), 'http.port').length, 1);
  assert.equal(at(problemsOf(given, { env: { PORT: '70000' } }), 'http.port').length, 1);
});

test('an empty section counts as left out', () => {
  const text = `console:\nsecurity: ~\nhttp: { publicUrl: https://adapter.example, port: }\nsites: [${JSON.stringify(site())}]`;
  assert.deepEqual([configOf(text).http.port, configOf(text).console.users], [8080, []]);
});

test('an expression needs no quotes in a flow mapping', () => {
  const text = `{ http: { publicUrl: \${URL}/x }, sites: [{ name: b }] }`;
  const problems = problemsOf(text, { env: { URL: 'https://adapter.example' } });
  assert.deepEqual(at(problems, 'http.publicUrl'), []);
  assert.deepEqual(at(problems, 'sites[0].fhir'), ['is missing']);
});

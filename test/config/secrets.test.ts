import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatProblems } from '../../src/config.ts';
import { load, route, site } from './fixture.ts';

/** Text that no message of ours contains by itself. */
const secret = fc.stringMatching(/^Zq[A-Za-z0-9+/=_-]{10,30}zQ$/);

/** A configuration with as many kinds of text as there are; each of them is made the secret in turn. */
function everything(): unknown {
  return {
    http: { port: 1, publicUrl: 'text' },
    security: { signingKey: ['text', 'text'], encryptionKey: 'text' },
    database: { url: 'text', folder: 'text', schema: 'text' },
    console: { users: [{ name: 'text', token: 'text', roles: ['text'] }] },
    sites: [
      site({
        name: 'text',
        fhir: {
          baseUrl: 'text',
          auth: { type: 'smart-backend', clientId: 'text', alg: 'text', privateKeyFile: 'text', privateKey: 'text' },
          essential: ['text'],
          storageHosts: ['text'],
        },
        subscriptions: { register: 'text', dialect: 'text', secret: ['text', 'text'], sweep: 'text' },
        vendors: { healthsage: { apiKey: 'text', baseUrl: 'text', limits: { perDay: 'text' } } },
        routes: [
          route({ id: 'text', on: 'text', vendor: 'text', options: { specialty: 'text' } }),
          route({ vendor: 'x' }),
        ],
        policy: { confirmedInText: 'text' },
        retentionDays: 'text',
      }),
      site({
        fhir: { baseUrl: 'text', auth: { type: 'text', token: 'text' } },
        subscriptions: { secret: 'text', sweep: 'text' },
      }),
      site({ fhir: { baseUrl: 'https://e.example', auth: { type: 'basic', username: 7, password: ['text'] } } }),
    ],
  };
}

/** `value` with every "text" replaced by what `make` gives for it. */
function filled(value: unknown, make: () => unknown): unknown {
  if (value === 'text') {
    return make();
  }
  if (Array.isArray(value)) {
    return value.map((item) => filled(item, make));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, make)]))
    : value;
}

test('no secret stands in a problem, wherever it is written', () => {
  fc.assert(
    fc.property(secret, fc.constantFrom('', ':', '\n', ' ', '|'), (value, odd) => {
      const loaded = load(JSON.stringify(filled(everything(), () => `${value}${odd}`)));
      assert.ok('problems' in loaded && loaded.problems.length > 15);
      assert.ok(!formatProblems(loaded.problems).includes(value));
    }),
  );
});

test('no secret stands in a problem, whether it comes from the environment or a file, in any text', () => {
  const use = fc.constantFrom(
    `\${S}`,
    `\${file:/s}`,
    `a\${S}b`,
    `DocumentReference?\${S}=x`,
    `DocumentReference?status:\${S}=\${S}`,
  );
  fc.assert(
    fc.property(secret, fc.infiniteStream(use), (value, uses) => {
      const text = JSON.stringify(filled(everything(), () => uses.next().value));
      const loaded = load(text, { env: { S: value, PORT: value, DATABASE_URL: value }, files: { '/s': value } });
      assert.ok('problems' in loaded && loaded.problems.length > 15);
      assert.ok(!formatProblems(loaded.problems).includes(value));
    }),
  );
});

test('a short text from the environment is not shown either as a word of a search', () => {
  const loaded = load(JSON.stringify({ sites: [site({ routes: [route({ on: `DocumentReference?\${S}=x` })] })] }), {
    env: { S: 'qzx' },
  });
  assert.ok('problems' in loaded && loaded.problems.some(({ path }) => path === 'sites[0].routes[0].on'));
  assert.doesNotMatch(formatProblems(loaded.problems), /qzx/);
});

test('no secret stands in a syntax error', () => {
  fc.assert(
    fc.property(secret, fc.nat(), fc.constantFrom('a.yaml', 'a.json'), (value, cut, path) => {
      const whole = JSON.stringify(
        filled(everything(), () => value),
        null,
        1,
      );
      const text = `${whole.slice(0, cut % whole.length)}\t*${value} : "${value}`;
      const loaded = load(text, { path });
      assert.ok('problems' in loaded);
      assert.ok(!formatProblems(loaded.problems).includes(value));
    }),
  );
});

const YAML_BITS = [
  'sites:',
  '- ',
  '  ',
  '\n',
  ': ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!!x ',
  '"',
  "'",
  '|',
  `\${A}`,
  `\${`,
  '---',
  '#',
  '<<: ',
  '? ',
  'null',
  '__proto__',
];

test('any text gives a configuration or problems, never an exception', () => {
  const yaml = fc
    .array(fc.oneof(fc.constantFrom(...YAML_BITS), fc.string({ maxLength: 5, unit: 'binary' })), { maxLength: 40 })
    .map((bits) => bits.join(''));
  fc.assert(
    fc.property(fc.oneof(yaml, fc.string(), fc.json()), fc.constantFrom('a.yaml', 'a.json'), (text, path) => {
      const loaded = load(text, { path, env: { A: 'a' } });
      assert.ok('config' in loaded || loaded.problems.length > 0);
    }),
    { numRuns: 300 },
  );
});

test('any data in the place of any part gives problems, never an exception', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.jsonValue()), (stream) => {
      const loaded = load(JSON.stringify(filled(everything(), () => stream.next().value)));
      assert.ok('problems' in loaded);
    }),
    { numRuns: 60 },
  );
});

test('deep nesting and growing aliases are problems', () => {
  assert.ok('problems' in load('['.repeat(100_000)));
  assert.ok('problems' in load(`sites: ${'['.repeat(500)}${']'.repeat(500)}`));
  const laughs = Array.from(
    { length: 20 },
    (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1},*a${i - 1},*a${i - 1}` : '1'}]`,
  );
  assert.ok('problems' in load(laughs.join('\n')));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, configOf, file, problemsOf, route, site } from './fixture.ts';

const SAME = (path: string) => [`is the same as ${path}`];
const inSite = (changes: Record<string, unknown>) => problemsOf(file({ sites: [site(changes)] }));
const subscribed = (changes: Record<string, unknown>) =>
  inSite({ subscriptions: { secret: 'long-enough-secret', ...changes } });

test('site names, route ids, user names and user tokens differ', () => {
  const token = 'token-0123456789';
  const users = [
    { name: 'a', token, roles: ['viewer'] },
    { name: 'a', token, roles: ['operator'] },
  ];
  const problems = problemsOf(file({ console: { users }, sites: [site(), site({ routes: [route(), route()] })] }));
  assert.deepEqual(at(problems, 'sites[1].name'), SAME('sites[0].name'));
  assert.deepEqual(at(problems, 'sites[1].routes[1].id'), SAME('sites[1].routes[0].id'));
  assert.deepEqual(at(problems, 'console.users[1].name'), SAME('console.users[0].name'));
  assert.deepEqual(at(problems, 'console.users[1].token'), SAME('console.users[0].token'));
  assert.equal(problems.length, 4);
  assert.doesNotMatch(JSON.stringify(problems), new RegExp(token));
});

test('two sites may have the same route ids, and nobody has to use the console', () => {
  const config = configOf(file({ sites: [site(), site({ name: 'b' })] }));
  assert.deepEqual([config.sites.length, config.console.users], [2, []]);
});

test('a route names a vendor of this version that its own site has settings for', () => {
  assert.deepEqual(at(inSite({ vendors: {} }), 'sites[0].routes[0].vendor'), [
    'has no settings under sites[0].vendors',
  ]);
  const problems = inSite({ vendors: { healthsage: { apiKey: 'k' }, healthsgae: {} } });
  assert.match(at(problems, 'sites[0].vendors.healthsgae').join(), /did you mean "healthsage"\?/);
  assert.equal(inSite({ routes: [route({ vendor: 'constructor' })] }).length, 1);
});

test("a vendor's schemas check its settings and options at their full paths", () => {
  const problems = inSite({
    vendors: { healthsage: { apiKey: 'k', limits: { perDay: -1, perOrder: 1.5, perWeek: 1 } } },
    routes: [route({ options: { specialty: 7 } })],
  });
  assert.deepEqual(problems.map(({ path }) => path).sort(), [
    'sites[0].routes[0].options.specialty',
    'sites[0].vendors.healthsage.limits.perDay',
    'sites[0].vendors.healthsage.limits.perOrder',
    'sites[0].vendors.healthsage.limits.perWeek',
  ]);
  assert.deepEqual(configOf(file()).sites[0]?.routes[0]?.options, { specialty: 'General' });
});

test('a vendor that may only be given data with consent is one that the site has', () => {
  const problems = inSite({ policy: { requireConsent: ['healthsage', 'healthsgae'] } });
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['sites[0].policy.requireConsent[1]'],
  );
  assert.match(problems[0]?.message ?? '', /^has no settings under sites\[0\]\.vendors.*did you mean "healthsage"\?/);
});

test('slides in a folder of ours are only there for a vendor where we can be reached', () => {
  const slides = { vendors: { slidelab: {} }, routes: [route({ vendor: 'slidelab' })] };
  const bucket = { type: 's3', region: 'eu-central-1', bucket: 'slides', accessKeyId: 'a', secretAccessKey: 'b' };
  const only = { http: undefined, security: undefined };
  const quiet = { subscriptions: { secret: 'long-enough-secret', register: false } };
  const problems = problemsOf(file({ ...only, sites: [site({ ...slides, ...quiet })] }));
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['http.publicUrl', 'security.signingKey'],
  );
  assert.match(problems[0]?.message ?? '', /slidelab fetches the slides of sites\[0\]/);
  assert.deepEqual(problemsOf(file({ ...only, sites: [site({ ...slides, ...quiet, storage: bucket })] })), []);
  const served = { http: { publicUrl: 'https://adapter.example' }, security: { signingKey: 'k'.repeat(16) } };
  assert.deepEqual(problemsOf(file({ ...served, sites: [site({ ...slides, ...quiet })] })), []);
});

test('results about other people are ordered by a request, not by a document or picture of somebody', () => {
  const problems = (on: string) => inSite({ vendors: { cohorts: {} }, routes: [route({ vendor: 'cohorts', on })] });
  for (const on of ['ServiceRequest?status=active', 'Task?status=requested']) {
    assert.deepEqual(problems(on), []);
  }
  for (const on of ['DocumentReference?status=current', 'Media?status=completed']) {
    const [message, ...more] = at(problems(on), 'sites[0].routes[0].on');
    assert.match(
      message ?? '',
      /^must be a search for ServiceRequest or Task: cohorts gives results about other people/,
    );
    assert.deepEqual(more, []);
  }
  assert.equal(problems('Documentreference?status=current').length, 1, 'of what is no search nothing more is said');
});

test('the sweep is a node-cron expression or off', () => {
  for (const sweep of ['*/5 * * * *', '0 */2 * * * *', 'off']) {
    assert.deepEqual(subscribed({ sweep }), []);
  }
  for (const sweep of ['', '* * *', '99 * * * *', 'Off', 'tomorrow']) {
    assert.equal(at(subscribed({ sweep }), 'sites[0].subscriptions.sweep').length, 1, sweep);
  }
});

test('a notification secret is one or two texts without colons, or a "none" that stands in the file', () => {
  const path = 'sites[0].subscriptions.secret';
  assert.deepEqual(subscribed({ secret: 'none' }), []);
  assert.deepEqual(subscribed({ secret: ['secret-one', 'secret-two'] }), []);
  assert.match(at(inSite({ subscriptions: {} }), path).join(), /^is missing: .*"none", which has to be said aloud/);
  assert.equal(at(subscribed({ secret: 'with:colon' }), path).length, 1);
  assert.equal(at(subscribed({ secret: 'line\nbreak' }), path).length, 1);
  assert.equal(at(subscribed({ secret: ['secret-one', 'none'] }), `${path}[1]`).length, 1);
  const sneaked = file({ sites: [site({ subscriptions: { secret: `\${S}` } })] });
  assert.equal(at(problemsOf(sneaked, { env: { S: 'none' } }), path).length, 1);
});

test('a private key is given once, and its file can be read', () => {
  const auth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384' };
  const given = (changes: Record<string, unknown>) =>
    file({ sites: [site({ fhir: { baseUrl: 'https://ehr.example', auth: { ...auth, ...changes } } })] });
  const path = 'sites[0].fhir.auth.privateKeyFile';
  const files = { '/k.pem': 'key', '/empty.pem': '\n' };
  assert.deepEqual(problemsOf(given({ privateKeyFile: '/k.pem' }), { files }), []);
  assert.deepEqual(at(problemsOf(given({ privateKeyFile: '/no.pem' }), { files }), path), [
    'the file cannot be read (ENOENT)',
  ]);
  assert.equal(at(problemsOf(given({ privateKeyFile: '/empty.pem' }), { files }), path).length, 1);
  assert.equal(at(problemsOf(given({}), { files }), path).length, 1);
  assert.equal(at(problemsOf(given({ privateKey: 'k', privateKeyFile: '/k.pem' }), { files }), path).length, 1);
});

test('storage hosts are bare hosts', () => {
  const given = (host: string) => inSite({ fhir: { baseUrl: 'https://ehr.example', storageHosts: [host] } });
  for (const host of ['storage.ehr.example', 'localhost:9000', 'S3.example', '10.0.0.1', '[::1]:9000']) {
    assert.deepEqual(given(host), [], host);
  }
  for (const host of [
    'https://a.example',
    'a.example/path',
    'user@a.example',
    '*.example',
    'a b',
    'a?b',
    'a:99999',
    'a.example:443',
  ]) {
    assert.equal(at(given(host), 'sites[0].fhir.storageHosts[0]').length, 1, host);
  }
});

test('publicUrl is needed where a site keeps Subscriptions of its own', () => {
  const given = (subscriptions: Record<string, unknown>) =>
    problemsOf({ sites: [site({ subscriptions: { secret: 'long-enough-secret', ...subscriptions } })] });
  assert.equal(at(given({}), 'http.publicUrl').length, 1);
  assert.deepEqual(given({ register: false }), []);
  assert.deepEqual(given({ dialect: 'none' }), []);
});

test('an unknown kind of fhir.auth is told with the known ones', () => {
  const problems = inSite({ fhir: { baseUrl: 'https://ehr.example', auth: { type: 'oauth' } } });
  assert.deepEqual(problems, [
    {
      path: 'sites[0].fhir.auth.type',
      message: 'type must be one of none, bearer, basic, client-secret, smart-backend',
    },
  ]);
});

test('CDS Hooks with tokens need our own URL; "none" has to be written in the file itself', () => {
  const clients = [{ issuer: 'https://ehr.example', jwksUrl: 'https://ehr.example/jwks.json' }];
  const quiet = { secret: 'long-enough-secret', register: false };
  const given = (cdsHooks: object) => ({ sites: [site({ cdsHooks, subscriptions: quiet })] });
  assert.equal(at(problemsOf(given({ clients })), 'http.publicUrl').length, 1);
  assert.deepEqual(problemsOf({ ...given({ clients }), http: { publicUrl: 'https://adapter.example' } }), []);
  assert.deepEqual(problemsOf(given({ clients: 'none' })), []);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own expression
  const sneaked = problemsOf(given({ clients: '${OPEN}' }), { env: { OPEN: 'none' } });
  assert.equal(at(sneaked, 'sites[0].cdsHooks.clients').length, 1);
});

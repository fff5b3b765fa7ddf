import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { missingScopes, SCOPES_V1, SCOPES_V2 } from '../../src/fhir/auth/scopes.ts';
import type { Capabilities } from '../../src/fhir/types.ts';
import { type DoctorSite, examineSite } from '../../src/operations/doctor.ts';
import { configOf, route, site as siteConfig } from '../config/fixture.ts';
import { toyVendor } from '../support/toy-vendor.ts';

const ALL = ['read', 'search-type', 'create', 'update'];
const type = (interactions = ALL) => ({
  interactions,
  conditionalCreate: true,
  updateCreate: false,
  versioning: 'versioned' as const,
  searchParams: [],
});
const TYPES = [
  ...['Task', 'DiagnosticReport', 'Observation', 'Condition', 'Procedure', 'Provenance', 'Device', 'Organization'],
  ...['Binary', 'Media', 'DocumentReference'],
];
const capable: Capabilities = {
  fhirVersion: '4.0.1',
  software: 'Test 1',
  transaction: true,
  batch: true,
  atomic: true,
  types: Object.fromEntries(TYPES.map((name) => [name, type()])),
};

const never = () => new Promise<never>(() => {});

function doctorSite(
  changes: Partial<DoctorSite['client']> = {},
  config: Record<string, unknown> = {},
  check: () => Promise<string> = async () => 'the key works',
): DoctorSite {
  const parsed = configOf({
    http: { publicUrl: 'https://adapter.example' },
    sites: [siteConfig({ routes: [route()], ...config })],
  }).sites[0];
  assert.ok(parsed);
  const { vendor } = toyVendor([]);
  return {
    config: parsed,
    client: {
      capabilities: async () => capable,
      tokenReport: async () => undefined,
      async *pages() {
        yield {
          resourceType: 'Bundle' as const,
          type: 'searchset' as const,
          entry: [
            {
              resource: {
                resourceType: 'Subscription' as const,
                id: 's1',
                status: 'active' as const,
                reason: 'x',
                criteria: 'DocumentReference?',
                channel: { type: 'rest-hook' as const, endpoint: 'https://adapter.example/notify/general' },
              },
            },
          ],
        };
      },
      ...changes,
    },
    vendors: [{ vendor: { ...vendor, check }, settings: {}, http: { request: never } }],
  };
}

const look = async (site: DoctorSite, seconds = 5, publicUrl: string | undefined = 'https://adapter.example') =>
  (await examineSite(site, { publicUrl, seconds })).map(
    ({ subject, state, detail }) => `${subject} ${state}: ${detail}`,
  );
const about = (rows: string[], subject: string) => rows.filter((row) => row.startsWith(subject));

test('a healthy site is all ok', async () => {
  assert.deepEqual(await look(doctorSite()), [
    'token ok: none is configured',
    'fhir server ok: FHIR 4.0.1, Test 1',
    'fhir server ok: transactions are atomic',
    'fhir server ok: takes every type that we write',
    'subscriptions ok: DocumentReference: Subscription/s1 is active',
    'toy ok: the key works',
  ]);
});

test('what a server cannot do is told by its weight', async () => {
  const { Task: _, Media: __, ...types } = capable.types;
  const rows = await look(
    doctorSite({
      capabilities: async () => ({
        ...capable,
        fhirVersion: '5.0.0',
        atomic: false,
        types: {
          ...types,
          DocumentReference: type(['create']),
          DiagnosticReport: { ...type(), versioning: 'no-version' },
        },
      }),
    }),
  );
  const server = about(rows, 'fhir server').join('\n');
  assert.match(server, /wrong: FHIR 5\.0\.0/);
  assert.match(server, /warning: transactions are announced, but/);
  assert.match(server, /wrong: does not let us search and read what is ordered from: DocumentReference/);
  assert.match(server, /wrong: .*essential: Task$/m);
  assert.match(server, /warning: .*go without them.*: Media$/m);
  assert.match(server, /warning: keeps no versions.*: DiagnosticReport$/m);
});

test('R4B is as good as R4, anything else is not', async () => {
  for (const [fhirVersion, state] of [
    ['4.0.0', 'ok'],
    ['4.3.0', 'ok'],
    ['4.1.0', 'ok'],
    ['3.0.2', 'wrong'],
    ['4.6.0', 'wrong'],
    ['5.0.0', 'wrong'],
  ]) {
    const [row = ''] = about(
      await look(doctorSite({ capabilities: async () => ({ ...capable, fhirVersion: fhirVersion ?? '' }) })),
      'fhir server',
    );
    assert.ok(row.startsWith(`fhir server ${state}: FHIR ${fhirVersion}`), row);
  }
});

test('a second key that cannot be used is a warning beside the token', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const auth = { type: 'smart-backend', clientId: 'adapter', alg: 'ES384', privateKey: [key, 'no key'] };
  const tokenReport = async () => ({ scopes: SCOPES_V2, expiresIn: 300 });
  const fhir = { baseUrl: 'https://ehr.example/fhir', auth };
  assert.deepEqual(about(await look(doctorSite({ tokenReport }, { fhir })), 'token'), [
    'token ok: granted for 300 s; all scopes',
    'token warning: The key of fhir.auth.privateKey[1] cannot be read; it is not in our key set',
  ]);
});

test('an unreachable server and a refused key are wrong, each by itself', async () => {
  const down = () => Promise.reject(new AdapterError('ehr-unreachable', 'The FHIR server cannot be reached'));
  const refused = () => Promise.reject(new AdapterError('vendor-unauthorized', 'Toy does not accept our credentials'));
  const rows = await look(doctorSite({ capabilities: down }, {}, refused));
  assert.match(about(rows, 'fhir server').join(), /wrong: The FHIR server cannot be reached/);
  assert.match(about(rows, 'toy').join(), /wrong: Toy does not accept our credentials/);
  assert.match(about(rows, 'subscriptions').join(), /ok/);
});

test('what hangs is given up after its time, and the rest is still told', async () => {
  const rows = await look(doctorSite({ capabilities: never }, {}, never), 0.05);
  assert.deepEqual(about(rows, 'fhir server'), ['fhir server wrong: no answer within 0.05 s']);
  assert.deepEqual(about(rows, 'toy'), ['toy wrong: no answer within 0.05 s']);
  assert.deepEqual(about(rows, 'token'), ['token ok: none is configured']);
});

test('Subscriptions that are missing or off weigh more where there is no sweep', async () => {
  async function* none() {
    yield { resourceType: 'Bundle' as const, type: 'searchset' as const };
  }
  const subscriptions = { secret: 'long-enough-secret' };
  const rows = async (more: object, publicUrl?: string) =>
    about(
      (
        await examineSite(doctorSite({ pages: none }, { subscriptions: { ...subscriptions, ...more } }), {
          publicUrl,
          seconds: 5,
        })
      ).map(({ subject, state, detail }) => `${subject} ${state}: ${detail}`),
      'subscriptions',
    ).join('\n');
  const url = 'https://adapter.example';
  assert.match(await rows({}, url), /warning: DocumentReference: missing .*the adapter creates it/);
  assert.match(await rows({ sweep: 'off' }, url), /wrong: DocumentReference: missing/);
  assert.match(await rows({ register: false }, url), /ask the administrator/);
  assert.match(await rows({}), /warning: http\.publicUrl is not set/);
  assert.match(await rows({ dialect: 'none' }, url), /ok: none wanted/);
  assert.match(await rows({ secret: 'none' }, url), /warning: notifications are taken without a secret/);
});

test('granted scopes are compared in both spellings', async () => {
  assert.deepEqual(missingScopes(SCOPES_V2), { known: true, missing: [] });
  assert.deepEqual(missingScopes(SCOPES_V1), { known: true, missing: [] });
  assert.deepEqual(missingScopes('system/*.*').missing, []);
  assert.deepEqual(missingScopes('system/*.cruds').missing, []);
  assert.equal(missingScopes('openid offline_access').known, false);
  const read = missingScopes('system/*.read').missing;
  assert.deepEqual(
    read.find(({ type: name }) => name === 'Task'),
    { type: 'Task', letters: 'cu' },
  );
  const without = SCOPES_V2.replace('system/Task.crus', 'system/Task.rs').replace('system/Media.crus', '');
  const rows = await look(doctorSite({ tokenReport: async () => ({ scopes: without, expiresIn: 300 }) }));
  assert.deepEqual(about(rows, 'token'), [
    'token wrong: granted for 300 s, but without scopes it cannot do without: system/Task.cu (nobody sees how an order stands)',
    'token warning: granted for 300 s, without scopes: system/Media.crus (results of this type are left out of the report)',
  ]);
  fc.assert(
    fc.property(fc.string(), (granted) => {
      const { missing } = missingScopes(granted);
      assert.ok(missing.every(({ letters }) => /^c?r?u?d?s?$/.test(letters) && letters !== ''));
    }),
  );
});

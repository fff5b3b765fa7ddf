/** The vendor's own words followed literally: what one order says to it, step by step, as its description of the API has it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, drive, orderOf, siteOf } from './drive.ts';
import { companyId, datasetId, type Seen, serveHautai, token } from './serve.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Ids that the vendor gave are told by what stands before them; a signed address by where it leads. */
function pathOf({ host, path }: Seen): string {
  return host === 'storage'
    ? `storage ${path.split('/')[1]}`
    : path.replace(companyId, '{company}').replace(datasetId, '{dataset}').replace(UUID, '{id}');
}

function bodyOf({ host, body, headers }: Seen): unknown {
  return host === 'storage' && headers['content-length'] !== undefined ? 'the bytes of the photo' : body;
}

const OURS = ['authorization', 'content-type', 'x-goog-content-length-range'];
const headersOf = ({ headers }: Seen): string[] => OURS.filter((name) => headers[name] !== undefined);

interface Expected {
  step: string;
  is: [method: string, path: string];
  query?: Record<string, string>;
  headers: string[];
  body?: unknown;
  /** Polled: any number of times. */
  repeats?: true;
}

const STEPS: Expected[] = [
  {
    step: 'the subject is looked for by its pseudonym',
    is: ['GET', '/api/v1/companies/{company}/datasets/{dataset}/subjects/'],
    query: { q: 'pseud-7f3a91', page: '1', page_size: '100' },
    headers: ['authorization'],
  },
  {
    step: 'and made',
    is: ['POST', '/api/v1/companies/{company}/datasets/{dataset}/subjects/'],
    headers: ['authorization', 'content-type'],
    body: { name: 'pseud-7f3a91', birth_date: null, biological_sex: null },
  },
  {
    step: 'Initiate upload',
    is: ['POST', '/api/v3/companies/{company}/subjects/{id}/upload/'],
    headers: ['authorization', 'content-type'],
    body: {
      front: 'front.png',
      left: 'left.png',
      right: 'right.png',
      creation_time: '2026-11-20T09:30:00.000Z',
      meta: {},
    },
  },
  ...['front', 'left', 'right'].map(
    (side): Expected => ({
      step: `Upload image(s) to storage: ${side}, with the headers of the answer and without a token`,
      is: ['PUT', 'storage haut-uploads'],
      headers: ['content-type', 'x-goog-content-length-range'],
      body: 'the bytes of the photo',
    }),
  ),
  {
    step: 'Send image batch to computation by algorithms',
    is: ['POST', '/api/v3/companies/{company}/batches/{id}/compute/'],
    headers: ['authorization', 'content-type'],
    body: { app_args: null },
  },
  {
    step: 'Fetch results per Algorithm Application for single image batch',
    is: ['GET', '/api/v3/companies/{company}/batches/{id}/results/'],
    query: {},
    headers: ['authorization'],
    repeats: true,
  },
  {
    step: 'the same with addresses of the masks, asked for aloud',
    is: ['GET', '/api/v3/companies/{company}/batches/{id}/results/'],
    query: { expiration_seconds: '3600', with_masks: 'true', svg_masks: 'true' },
    headers: ['authorization'],
  },
  { step: 'a mask for each side', is: ['GET', 'storage haut-results'], headers: [], repeats: true },
  {
    step: 'Fetch all computed parameters for subject',
    is: ['GET', '/api/v3/companies/{company}/subjects/{id}/parameters/'],
    query: {},
    headers: ['authorization'],
  },
];

function matches(seen: Seen | undefined, { is, query, headers, body }: Expected): seen is Seen {
  try {
    assert.ok(seen);
    assert.deepEqual([seen.method, pathOf(seen)], is);
    assert.deepEqual(headersOf(seen), headers);
    assert.deepEqual(seen.host === 'api' ? seen.query : {}, query ?? {});
    if (body !== undefined) {
      assert.deepEqual(bodyOf(seen), body);
    }
    return true;
  } catch (thrown) {
    if (thrown instanceof assert.AssertionError) {
      return false;
    }
    throw thrown;
  }
}

test('one order says what the vendor’s description says, in its order, and nothing else', async () => {
  const time = clock();
  const served = await serveHautai(time.now, { masks: ['redness'] });
  const site = siteOf(served, time);
  const { end } = await drive(site, orderOf(['right', 'front', 'left']));
  await site.close();
  await served.close();
  assert.ok('done' in end);
  const left = [...served.seen];
  for (const expected of STEPS) {
    const [first] = left;
    assert.ok(
      matches(first, expected),
      `${expected.step}: ${first ? `${first.method} ${pathOf(first)} ${JSON.stringify(first.query)}` : 'nothing came'}`,
    );
    left.shift();
    while (expected.repeats && matches(left[0], expected)) {
      left.shift();
    }
  }
  assert.deepEqual(left.map(pathOf), []);
});

test('what goes to the API carries the token and what goes to storage never does', async () => {
  const time = clock();
  const served = await serveHautai(time.now, { masks: ['redness'] });
  const site = siteOf(served, time);
  const { stored, files } = await drive(site, orderOf());
  await site.close();
  await served.close();
  for (const { host, headers } of served.seen) {
    assert.equal(headers.authorization, host === 'api' ? `Bearer ${token}` : undefined);
  }
  const [put] = served.seen.filter(({ method }) => method === 'PUT');
  assert.equal(put?.headers['content-type'], 'application/octet-stream');
  assert.equal(put?.headers['x-goog-content-length-range'], '1,31457280');
  assert.equal(put?.headers.host, new URL(served.storageUrl).host);
  assert.equal(put?.headers['transfer-encoding'], undefined);
  // Whoever has a signed address may use it: none is written down, and no token.
  assert.doesNotMatch(stored, /X-Goog|haut-uploads|haut-results|sandbox-token/);
  assert.deepEqual([...files.keys()].sort(), ['mask/front/redness.png', 'mask/front/redness.svg']);
  assert.doesNotMatch(JSON.stringify(served.seen), /Abendroth|1971-03-04/);
});

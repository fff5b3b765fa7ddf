/** The Aignostics simulator, call by call: what it takes, what it refuses, and how a run goes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import { FAKE_SECRETS } from '../../sandbox/aignostics/me.ts';
import { endOfUrl } from '../../sandbox/aignostics/url-life.ts';
import { fixture } from './openapi-aignostics.ts';
import { metadata, SLIDE_CHECKSUM, serveAignostics, type Vendor } from './serve-aignostics.ts';

const names = (count: number) => Array.from({ length: count }, (_name, index) => `slide-${index}`);
const seconds = (from: Date, later: number) => new Date(from.getTime() + later * 1000).toISOString();

test('a run goes from the queue through its items to its end, and costs what was worked on', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.create(['a', 'b']);
  const queued = await vendor.readRun(id);
  assert.deepEqual([queued.state, queued.output, queued.num_preceding_items_platform], ['PENDING', 'NONE', 14]);
  const [first, second] = await vendor.readItems(id);
  assert.deepEqual([first?.queue_position_org, second?.queue_position_org], [1, 2]);
  assert.deepEqual([vendor.billed('runs'), vendor.billed('slides')], [1, 0]);

  vendor.pass(3);
  const working = await vendor.readRun(id);
  assert.deepEqual([working.state, working.statistics.item_processing_count], ['PROCESSING', 1]);
  vendor.pass(1.2);
  const fallen = await vendor.readRun(id);
  assert.deepEqual([fallen.state, fallen.output], ['PENDING', 'PARTIAL'], 'no item is being processed just now');
  assert.deepEqual(
    (await vendor.readItems(id)).map(({ state }) => state),
    ['TERMINATED', 'PENDING'],
  );
  vendor.pass(1);
  assert.equal((await vendor.readRun(id)).state, 'PROCESSING');
  vendor.pass(2);
  const done = await vendor.readRun(id);
  assert.deepEqual([done.state, done.output, done.termination_reason], ['TERMINATED', 'FULL', 'ALL_ITEMS_PROCESSED']);
  assert.deepEqual([done.num_preceding_items_org, vendor.billed('slides')], [null, 2]);
  const { item_count, ...rest } = done.statistics;
  assert.equal(
    Object.values(rest).reduce((sum, count) => sum + count),
    item_count,
  );
  assert.ok(vendor.slides.every(({ authorization }) => authorization === undefined));
  assert.equal(vendor.account().endpoints['GET (slide)'], 2, 'each slide is fetched once, reaching aside');
});

test('a version document is the dialect that it says, and takes nothing but what it asks for', async (t) => {
  const vendor = await serveAignostics(t);
  for (const [number, name] of [
    ['0.4.4', 'version_legacy_base_mpp_style_200'],
    ['1.3.0', 'version_input_slide_style_200'],
    ['1.4.0', 'version_whole_slide_image_style_200'],
  ] as const) {
    const version = (await vendor.call('GET', `/v1/applications/he-tme/versions/${number}`)).json();
    const recorded = fixture(name);
    assert.equal(version.input_artifacts[0].name, recorded.input_artifacts[0].name);
    const { metadata_schema: own } = version.input_artifacts[0];
    const { metadata_schema: theirs } = recorded.input_artifacts[0];
    assert.deepEqual(Object.keys(own.properties).sort(), Object.keys(theirs.properties).sort());
    assert.deepEqual([...own.required].sort(), [...theirs.required].sort());
    assert.equal(own.additionalProperties, false);
    assert.equal(version.output_artifacts.length, 9);
    const outputs = version.output_artifacts.map((output: { name: string }) => output.name);
    recorded.output_artifacts.forEach((output: { name: string }) => {
      assert.ok(outputs.includes(output.name), output.name);
    });
  }
  const beta = (await vendor.call('GET', '/v1/applications/he-tme/versions/1.0.0-beta')).json();
  assert.equal(beta.input_artifacts[0].name, 'user_slide');
  assert.equal((await vendor.call('GET', '/v1/applications/he-tme/versions/9.9.9')).status, 404);
  assert.equal((await vendor.call('GET', '/v1/applications/none')).status, 404);
  const listed = (await vendor.call('GET', '/v1/applications?sort=-application_id&page-size=5')).json();
  assert.deepEqual(
    listed.map(({ application_id }: { application_id: string }) => application_id),
    ['test-app', 'he-tme'],
  );
});

test("each generation's recorded body is taken by its version, once it points to a slide that is there", async (t) => {
  const vendor = await serveAignostics(t, { unreachable: 'item-error' });
  for (const name of ['run_create_request_1_3_0', 'run_create_request_1_4_0']) {
    const body = fixture(name);
    body.items[0].input_artifacts[0].download_url = vendor.slideUrl('a');
    body.items[0].input_artifacts[0].metadata.checksum_base64_crc32c = SLIDE_CHECKSUM;
    assert.equal((await vendor.call('POST', '/v1/runs', body)).status, 201, name);
  }
  const old = {
    ...{ width: 98_304, height: 71_680, base_mpp: 0.2522, mime_type: 'image/tiff', checksum_crc32c: SLIDE_CHECKSUM },
    cancer: { type: 'lung', tissue: 'lymph node' },
  };
  const legacy = vendor.creation(['a'], { version_number: '0.4.4' });
  const [item] = legacy.items;
  const asked = { ...legacy, items: [{ ...item, input_artifacts: [{ ...item?.input_artifacts[0], metadata: old }] }] };
  assert.equal((await vendor.call('POST', '/v1/runs', asked)).status, 201);
});

/** A body like the usual one with the first item's artifact changed. */
function withArtifact(vendor: Vendor, changes: Record<string, unknown>) {
  const body = vendor.creation();
  const [item] = body.items;
  return { ...body, items: [{ ...item, input_artifacts: [{ ...item?.input_artifacts[0], ...changes }] }] };
}

const DAY = 86_400;
const signed = (vendor: Vendor, days: number) =>
  `${vendor.slideUrl('a')}?X-Amz-Date=20261122T091400Z&X-Amz-Expires=${days * DAY}&X-Amz-Signature=00`;

test('what the form forbids is 422 with the place; what the application forbids is 400 with the reason', async (t) => {
  const vendor = await serveAignostics(t);
  const body = vendor.creation();
  const tooLong = vendor.creation(['x'.repeat(256)]);
  const scheduling = (due_date: string, deadline: string) => ({ ...body, scheduling: { due_date, deadline } });
  const in1 = seconds(vendor.now(), 3600);
  const in2 = seconds(vendor.now(), 7200);
  const malformed: [body: unknown, loc: unknown[]][] = [
    [{ ...body, items: [] }, ['body', 'items']],
    [{ ...body, application_id: undefined }, ['body', 'application_id']],
    [{ ...body, version_number: 'latest' }, ['body', 'version_number']],
    [tooLong, ['body', 'items', 0, 'external_id']],
    [
      withArtifact(vendor, { download_url: `http://127.0.0.1/${'x'.repeat(2083)}` }),
      ['body', 'items', 0, 'input_artifacts', 0, 'download_url'],
    ],
    [
      withArtifact(vendor, { download_url: 'gs://bucket/slide' }),
      ['body', 'items', 0, 'input_artifacts', 0, 'download_url'],
    ],
    [scheduling(in2, in1), ['body', 'scheduling', 'due_date']],
    [scheduling('2026-11-22T09:14:00Z', in2), ['body', 'scheduling', 'due_date']],
    [{ ...body, callback_context: { k: 'x'.repeat(1024) } }, ['body', 'callback_context']],
    ['nothing', ['body']],
  ];
  for (const [sent, loc] of malformed) {
    const answer = await vendor.call('POST', '/v1/runs', sent);
    assert.equal(answer.status, 422, JSON.stringify(loc));
    assert.deepEqual(answer.json().detail[0].loc, loc);
  }
  const recorded = fixture('run_create_422').detail[0];
  const { msg, type, ctx } = (await vendor.call('POST', '/v1/runs', tooLong)).json().detail[0];
  assert.deepEqual({ msg, type, ctx }, { msg: recorded.msg, type: recorded.type, ctx: recorded.ctx });

  const { specimen: _, ...unspecified } = metadata();
  const refused: [body: unknown, why: RegExp][] = [
    [vendor.creation(['a', 'a']), /unique external_id/],
    [withArtifact(vendor, { name: 'input_slide' }), /expected the input artifacts \[whole_slide_image\]/],
    [withArtifact(vendor, { metadata: { ...metadata(), 'media-type': 'image/tiff' } }), /additional.*\(media-type\)/],
    [withArtifact(vendor, { metadata: { ...metadata(), width_px: 160_000 } }), /\/width_px must be <= 150000/],
    [withArtifact(vendor, { metadata: unspecified }), /'specimen'/],
    [withArtifact(vendor, { download_url: vendor.slideUrl('missing') }), /not reachable/],
    [withArtifact(vendor, { download_url: signed(vendor, 5) }), /valid for at least 6 days/],
  ];
  for (const [sent, why] of refused) {
    const answer = await vendor.call('POST', '/v1/runs', sent);
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.json().detail, why);
  }
  const absent = await vendor.call('POST', '/v1/runs', { ...body, version_number: '9.9.9' });
  assert.deepEqual([absent.status, absent.json()], [404, fixture('error_404')]);
  assert.equal(vendor.billed('runs'), 0);
  assert.equal(
    (await vendor.call('POST', '/v1/runs', withArtifact(vendor, { download_url: signed(vendor, 7) }))).status,
    201,
  );
  assert.equal((await vendor.call('POST', '/v1/runs', scheduling(in1, in2))).status, 201);
});

test('a slide that is not the one announced, or cannot be fetched, fails its item and costs nothing', async (t) => {
  const vendor = await serveAignostics(t, { unreachable: 'item-error' });
  const missing = await vendor.finished(['a', 'missing-b']);
  const [good, bad] = await vendor.readItems(missing);
  assert.deepEqual([good?.termination_reason, bad?.termination_reason], ['SUCCEEDED', 'USER_ERROR']);
  assert.match(bad?.error_message ?? '', /could not be downloaded: status 404/);
  assert.deepEqual([bad?.output_artifacts, vendor.billed('slides')], [[], 1]);
  assert.equal((await vendor.readRun(missing)).output, 'PARTIAL');

  const other = withArtifact(vendor, { metadata: { ...metadata(), checksum_base64_crc32c: 'AAAAAA==' } });
  const { run_id } = (await vendor.call('POST', '/v1/runs', other)).json();
  vendor.pass(60);
  assert.match((await vendor.readItems(run_id))[0]?.error_message ?? '', /CRC32C/);
  const run = await vendor.readRun(run_id);
  assert.deepEqual([run.output, run.termination_reason], ['NONE', 'ALL_ITEMS_PROCESSED'], 'terminated is not success');
  assert.equal(vendor.billed('slides'), 1);
});

test('cancelling skips what has not begun and keeps what is done; a second time is 409', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.create(['a', 'b', 'c']);
  vendor.pass(4.2);
  assert.equal((await vendor.readRun(id)).output, 'PARTIAL');
  assert.equal((await vendor.call('POST', `/v1/runs/${id}/cancel`)).status, 202);
  const run = await vendor.readRun(id);
  const recorded = fixture('run_canceled_by_user_200');
  for (const key of ['state', 'output', 'termination_reason', 'error_code', 'error_message', 'statistics']) {
    assert.deepEqual(run[key], recorded[key], key);
  }
  const [done, skipped] = await vendor.readItems(id);
  assert.equal(skipped?.error_message, fixture('item_skipped_200').error_message);
  assert.equal(done?.output_artifacts.length, 9);
  assert.equal(vendor.billed('slides'), 1);
  assert.equal((await vendor.call('POST', `/v1/runs/${id}/cancel`)).status, 409);
  assert.equal((await vendor.call('POST', '/v1/runs/3fa85f64-5717-4562-b3fc-2c963f66afa6/cancel')).status, 404);
  assert.equal((await vendor.call('POST', '/v1/runs/no-uuid/cancel')).status, 422);
});

test('the platform cancels a run with too many failures, and one whose deadline has passed', async (t) => {
  const vendor = await serveAignostics(t, { errorThreshold: 2, unreachable: 'item-error' });
  const failing = await vendor.finished(names(14).map((name) => `missing-${name}`));
  const run = await vendor.readRun(failing);
  const recorded = fixture('run_canceled_by_system_200');
  for (const key of ['output', 'termination_reason', 'error_code', 'error_message', 'statistics']) {
    assert.deepEqual(run[key], recorded[key], key);
  }

  const deadline = seconds(vendor.now(), 5);
  const late = await vendor.finished(['a', 'b', 'c'], { scheduling: { deadline } });
  const over = await vendor.readRun(late);
  assert.deepEqual([over.output, over.termination_reason], ['PARTIAL', 'CANCELED_BY_SYSTEM']);
  assert.equal(Date.parse(over.terminated_at ?? ''), Date.parse(deadline));
  const inTime = await vendor.finished(['a'], { scheduling: { deadline: seconds(vendor.now(), 5) } });
  assert.equal((await vendor.readRun(inTime)).output, 'FULL');
});

test('custom metadata are replaced as a whole, and only if they are still those that were seen', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.create();
  const { custom_metadata_checksum: seen } = await vendor.readRun(id);
  assert.match(seen ?? '', /^[0-9a-f]{8}$/);
  for (const path of [`/v1/runs/${id}/custom-metadata`, `/v1/runs/${id}/items/a/custom-metadata`]) {
    const put = (custom_metadata: object | null, custom_metadata_checksum?: string) =>
      vendor.call('PUT', path, { custom_metadata, ...(custom_metadata_checksum && { custom_metadata_checksum }) });
    const first = await put({ b: 1, a: [2] });
    const again = await put({ a: [2], b: 1 }, first.json().custom_metadata_checksum);
    assert.deepEqual(again.json(), first.json(), 'the order of keys does not matter');
    const refused = await put({ c: 1 }, '00000000');
    assert.deepEqual([refused.status, refused.json()], [412, fixture('error_412')]);
    assert.deepEqual((await put(null)).json(), fixture('custom_metadata_cleared_200'));
    assert.equal((await vendor.call('PUT', path, { custom_metadata: 'text' })).status, 422);
  }
});

test('artifacts can be deleted once the run is over, and are gone after 30 days in any case', async (t) => {
  const vendor = await serveAignostics(t);
  const open = await vendor.create();
  assert.equal((await vendor.call('DELETE', `/v1/runs/${open}/artifacts`)).status, 409);
  const id = await vendor.finished();
  const [before] = await vendor.readItems(id);
  const [artifact] = before?.output_artifacts ?? [];
  assert.ok(artifact);
  const deleted = await vendor.call('DELETE', `/v1/runs/${id}/artifacts`);
  assert.deepEqual([deleted.status, deleted.json()], [200, null]);
  const [item] = await vendor.readItems(id);
  assert.deepEqual([item?.output_artifacts[0]?.output, item?.output_artifacts[0]?.metadata], ['DELETED_BY_USER', null]);
  const file = `/v1/runs/${id}/artifacts/${artifact.output_artifact_id}/file`;
  assert.equal((await vendor.call('GET', file)).status, 410);
  assert.equal((await vendor.call('DELETE', `/v1/runs/${id}/artifacts`)).status, 410);
  assert.equal((await vendor.get(artifact.download_url ?? '')).status, 404, 'the storage has none either');

  vendor.pass(31 * DAY);
  const [old] = await vendor.readItems(open);
  const [gone] = old?.output_artifacts ?? [];
  assert.deepEqual([gone?.output, gone?.metadata, gone?.download_url], ['DELETED_BY_SYSTEM', null, null]);
  const address = `/v1/runs/${open}/artifacts/${gone?.output_artifact_id}/file`;
  assert.equal((await vendor.call('GET', address)).status, 410);
});

test('the first generation has no input artifacts, no organisation, no grants; its quota says 403', async (t) => {
  const vendor = await serveAignostics(t, { spec: '1.4', slidesPerMonth: 1 });
  const id = await vendor.finished();
  const [item] = await vendor.readItems(id);
  assert.deepEqual(Object.keys(item ?? {}).sort(), Object.keys(fixture('item_succeeded_200_spec_1_4_0')).sort());
  assert.ok(!('organization_id' in (await vendor.readRun(id))));
  assert.equal((await vendor.call('POST', '/v1/runs', vendor.creation())).status, 403);
  for (const path of [
    '/v1/access/grants',
    '/v1/access/share-tokens',
    '/v1/applications/he-tme/versions/1.4.0/documents',
  ]) {
    assert.equal((await vendor.call('GET', path)).status, 404, path);
  }
  const later = await serveAignostics(t, { slidesPerMonth: 1 });
  await later.create();
  const refused = await later.call('POST', '/v1/runs', later.creation());
  assert.deepEqual([refused.status, refused.json()], [402, fixture('error_402')._http.body]);
});

test('a new run is not seen for as long as the replica lags, but can be cancelled', async (t) => {
  const vendor = await serveAignostics(t, { replicaLagMs: 3000 });
  const id = await vendor.create();
  const list = async () => (await vendor.call('GET', '/v1/runs?sort=-submitted_at')).json().length;
  assert.deepEqual([(await vendor.call('GET', `/v1/runs/${id}`)).status, await list()], [404, 0]);
  assert.equal((await vendor.call('POST', `/v1/runs/${id}/cancel`)).status, 202);
  vendor.pass(3);
  assert.deepEqual([(await vendor.readRun(id)).termination_reason, await list()], ['CANCELED_BY_USER', 1]);
});

test('who is calling, whom a run belongs to, and how it is shown to others', async (t) => {
  const { user, organization } = AIGNOSTICS_DEFAULTS;
  const other = { id: 'auth0|77aa', email: 'reader@northlab.example', name: 'Rea Der', organization };
  const vendor = await serveAignostics(t, { users: [{ ...user, organization }, other] });
  const me = (await vendor.call('GET', '/v1/me')).json();
  assert.deepEqual(Object.keys(me.organization).sort(), Object.keys(fixture('me_200').organization).sort());
  assert.equal(me.organization.aignostics_logfire_token, FAKE_SECRETS.aignostics_logfire_token);

  const id = await vendor.create();
  const { device_code, user_code } = (
    await vendor.form('/oauth/device/code', { client_id: 'sandbox-client', audience: AIGNOSTICS_DEFAULTS.audience })
  ).json();
  await vendor.form('/activate', { user_code, user: other.id });
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
  const { access_token } = (
    await vendor.form('/oauth/token', { grant_type, device_code, client_id: 'sandbox-client' })
  ).json();
  const theirs = (query = '') => vendor.call('GET', `/v1/runs/${id}${query}`, undefined, access_token);
  assert.equal((await theirs()).status, 403);
  assert.equal((await vendor.call('GET', '/v1/runs', undefined, access_token)).json().length, 0);

  const granted = await vendor.call('POST', '/v1/access/grants', {
    ...fixture('grant_create_request'),
    resource_id: id,
  });
  assert.deepEqual(Object.keys(granted.json()).sort(), Object.keys(fixture('grant_201')).sort());
  assert.equal((await theirs()).status, 200);
  const { grant_id } = granted.json();
  assert.equal((await vendor.call('DELETE', `/v1/access/grants/${grant_id}`)).json().revoked, true);
  assert.equal((await vendor.call('DELETE', `/v1/access/grants/${grant_id}`)).status, 409);
  assert.equal((await theirs()).status, 403);

  const token = (await vendor.call('POST', '/v1/access/share-tokens', { expires_at: null })).json();
  const shown = { resource_type: 'run', resource_id: id, subject_type: 'share_token', relation: 'viewer' };
  await vendor.call('POST', '/v1/access/grants', { ...shown, subject_id: token.share_token_id });
  assert.deepEqual(
    [(await theirs('?share_token=wrong')).status, (await theirs(`?share_token=${token.share_token}`)).status],
    [403, 200],
  );
  const listed = (await vendor.call('GET', `/v1/access/share-tokens?run_id=${id}`)).json();
  assert.deepEqual([listed.length, 'share_token' in listed[0]], [1, false]);
  const editor = { ...shown, subject_id: 'x', relation: 'editor' };
  assert.equal((await vendor.call('POST', '/v1/access/grants', editor)).status, 422);
});

test('a version has a document, given by the storage', async (t) => {
  const vendor = await serveAignostics(t);
  const path = '/v1/applications/he-tme/versions/1.4.0/documents';
  const [document] = (await vendor.call('GET', path)).json();
  assert.deepEqual((await vendor.call('GET', `${path}/${document.name}`)).json(), document);
  const answer = await vendor.call('GET', `${path}/${document.name}/file`);
  assert.deepEqual([answer.status, answer.headers.get('cache-control')], [307, 'no-store']);
  const file = await vendor.get(answer.headers.get('location') ?? '');
  assert.deepEqual(
    [file.status, file.headers.get('content-disposition')],
    [200, 'attachment; filename="release-notes.md"'],
  );
  assert.equal((await vendor.call('GET', `${path}/none`)).status, 404);
});

test('paths are what they are: an escaped id, a slash too many, a method that there is not', async (t) => {
  const vendor = await serveAignostics(t);
  const id = await vendor.create(['block 1/A é']);
  const escaped = encodeURIComponent('block 1/A é');
  assert.equal((await vendor.call('GET', `/v1/runs/${id}/items/${escaped}`)).json().external_id, 'block 1/A é');
  assert.equal((await vendor.call('GET', `/v1/runs/${id}/items/other`)).status, 404);
  const slashed = await fetch(`${vendor.base}/api/v1/runs/?page=1`, { redirect: 'manual' });
  assert.deepEqual([slashed.status, slashed.headers.get('location')], [307, '/api/v1/runs?page=1']);
  assert.equal((await vendor.call('DELETE', '/v1/runs')).status, 405);
  const headers = { Authorization: 'Bearer sandbox-token', 'Content-Type': 'application/json' };
  const broken = await fetch(`${vendor.base}/api/v1/runs`, { method: 'POST', headers, body: '{"items":[' });
  assert.equal(broken.status, 422);
  assert.match(await broken.text(), /json_invalid/);
});

test("a signed URL's end is read in each known form, and nothing is read into others", () => {
  const at = '2026-11-29T09:14:00.000Z';
  const epoch = Date.parse(at) / 1000;
  for (const query of [
    'X-Amz-Date=20261122T091400Z&X-Amz-Expires=604800&X-Amz-Signature=00',
    'X-Goog-Date=20261122T091400Z&X-Goog-Expires=604800&X-Goog-Signature=00',
    'sv=2024-11-04&se=2026-11-29T09%3A14%3A00Z&sig=00',
    `AWSAccessKeyId=k&Expires=${epoch}&Signature=00`,
  ]) {
    assert.equal(endOfUrl(`https://bucket.example/slide.svs?${query}`), Date.parse(at), query);
  }
  for (const query of ['', 'se=2026-11-29', 'Expires=5', 'X-Amz-Date=x&X-Amz-Expires=5', 'X-Amz-Expires=5']) {
    assert.equal(endOfUrl(`https://bucket.example/slide.svs?${query}`), undefined, query);
  }
  fc.assert(
    fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
      const end = endOfUrl(url);
      assert.ok(end === undefined || Number.isFinite(end));
    }),
  );
});

/** The Aignostics simulator where the sandbox has it: below its path, its storage under the machine's other name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AIGNOSTICS_DEFAULTS } from '../../sandbox/aignostics/defaults.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { serve } from '../support/serve.ts';
import { until } from '../support/until.ts';
import { metadata, SLIDE } from './serve-aignostics.ts';

test('from the refresh token to a file of the results, by the real clock', async (t) => {
  const sandbox = await openSandbox({ aignostics: { secondsUntilDone: 0.2 } });
  const bucket = await serve((_request, response) => void response.end(SLIDE));
  t.after(() => Promise.all([sandbox.close(), bucket.close()]));
  const { clientId: client_id, refreshToken: refresh_token } = AIGNOSTICS_DEFAULTS;
  const answer = await fetch(`${sandbox.url}${PATHS.aignostics}/auth0/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'refresh_token', client_id, refresh_token }),
  });
  const { access_token } = JSON.parse(await answer.text());
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${sandbox.url}${PATHS.aignostics}/api/v1${path}`, {
      ...init,
      redirect: 'manual',
      headers: { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' },
    });
  const input_artifacts = [{ name: 'whole_slide_image', download_url: `${bucket.url}/a.svs`, metadata: metadata() }];
  const body = JSON.stringify({ application_id: 'he-tme', items: [{ external_id: 'a', input_artifacts }] });
  const { run_id } = JSON.parse(await (await call('/runs', { method: 'POST', body })).text());
  await until('a finished run', async () => JSON.parse(await (await call(`/runs/${run_id}`)).text()).output === 'FULL');

  const [item] = JSON.parse(await (await call(`/runs/${run_id}/items`)).text());
  const [{ output_artifact_id }] = item.output_artifacts;
  const redirection = await call(`/runs/${run_id}/artifacts/${output_artifact_id}/file`);
  const location = redirection.headers.get('location') ?? '';
  assert.equal(redirection.status, 307);
  assert.notEqual(new URL(location).origin, new URL(sandbox.url).origin);
  assert.equal((await fetch(location)).status, 200);
  assert.equal((await fetch(location, { headers: { Authorization: `Bearer ${access_token}` } })).status, 400);
  assert.equal(sandbox.ledger.read().aignostics?.billed.slides, 1);
  assert.ok(sandbox.faults.list().some(({ vendor, name }) => vendor === 'aignostics' && name === 'wrong-checksum'));
});

/** The HistAI simulator where the sandbox has it: below its path, its storage under the machine's other name. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { HISTAI_DEFAULTS } from '../../sandbox/histai/defaults.ts';
import { openSandbox, PATHS } from '../../sandbox/index.ts';
import { casePage } from './serve-histai.ts';

test('from a search to a bought slide, by the real clock', async (t) => {
  const sandbox = await openSandbox({ histai: { secondsUntilBuilt: 0, secondsUntilExported: 0 } });
  t.after(() => sandbox.close());
  const headers = { 'X-API-KEY': HISTAI_DEFAULTS.apiKey, 'Content-Type': 'application/json' };
  const call = async (method: string, path: string, { body, ...more }: Record<string, string> = {}) => {
    const init = { method, headers: { ...headers, ...more }, body: body ?? null };
    const answer = await fetch(`${sandbox.url}${PATHS.histai}/v1/datahub${path}`, init);
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return JSON.parse(await answer.text());
  };
  const found = casePage.parse(await call('POST', '/cases/search?size=1', { body: '{"organ":["Ovary"]}' }));
  const cases = found.content.map(({ caseId, slides }) => ({
    caseId,
    slideIds: slides.slice(0, 1).map(({ slideId }) => slideId),
  }));
  const { cohortId } = await call('POST', '/cohorts', { body: JSON.stringify({ name: 'pilot', cases }) });
  await call('POST', `/cohorts/${cohortId}/pay`, { 'Idempotency-Key': randomUUID() });
  const { files } = await call('GET', `/cohorts/${cohortId}/export/files`);
  const { url } = await call('GET', `/cohorts/${cohortId}/export/files/${files[0].fileId}`);

  assert.notEqual(new URL(url).origin, new URL(sandbox.url).origin);
  assert.ok(new URL(url).pathname.startsWith(`${PATHS.storage}/histai/`));
  const slide = await fetch(url);
  assert.equal((await slide.bytes()).length, files[0].sizeBytes);
  assert.equal((await fetch(url, { headers })).status, 400);
  const { billed, endpoints } = sandbox.ledger.read().histai ?? assert.fail('no account');
  assert.deepEqual([billed.charges, endpoints['GET storage/slides']], [1, 2]);
  assert.ok(sandbox.faults.list().some(({ vendor, name }) => vendor === 'histai' && name === 'link-expired'));
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { drawApart } from '../../src/pictures/draw-apart.ts';
import { until } from '../support/until.ts';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="5" height="5"/></svg>';
/** Minutes of work for a renderer. */
const ENDLESS = `<svg xmlns="http://www.w3.org/2000/svg" width="4000" height="4000">${'<circle cx="2000" cy="2000" r="1900"/>'.repeat(20_000)}</svg>`;
const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`;
const skip = !existsSync(CHILDREN) && 'this system does not say which processes are ours';

/** The ids of the processes that this one has started. */
const children = async (): Promise<number[]> =>
  (await readFile(CHILDREN, 'utf8')).split(' ').filter(Boolean).map(Number);

test('a drawing process that dies fails its drawing, and the next one has another', { skip }, async () => {
  assert.ok((await drawApart.svg(SVG)).length > 0);
  const [first = 0] = await children();
  const endless = drawApart.svg(ENDLESS);
  const waiting = drawApart.svg(SVG);
  setImmediate(() => process.kill(first, 'SIGKILL'));
  await assert.rejects(endless, { code: 'unexpected', kind: 'transient' });
  assert.ok((await waiting).length > 0);
  assert.ok(!(await children()).includes(first));
});

test('a drawing process is told no secret, and goes when there is nothing to draw', { skip }, async () => {
  process.env.DATABASE_URL = 'postgres://user:secret@host/name';
  await until('the one before has gone', async () => (await children()).length === 0);
  await drawApart.svg(SVG);
  const [id] = await children();
  const environment = await readFile(`/proc/${id}/environ`, 'utf8');
  assert.match(environment, /PATH=/);
  assert.doesNotMatch(environment, /secret/);
  await until('it has gone', async () => (await children()).length === 0);
});

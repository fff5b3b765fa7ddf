import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCallbackTokens } from '../../src/orders/callback-token.ts';
import { fakeClock } from '../support/fake-clock.ts';

const KEY = 'the-signing-key-of-a-test';
const ORDER = { site: 'general', vendor: 'hemato', publicId: 'Ab-_0123456789xy', run: 1 };
const DAY = 86_400;

const open = (keys: [string, ...string[]] = [KEY], clock = fakeClock()) => openCallbackTokens(keys, () => clock.now());

test('a token says which order it is of, and fits into a path', () => {
  const tokens = open();
  const token = tokens.sign({ ...ORDER, run: 12 });
  assert.match(token, /^[\w.-]+$/);
  assert.deepEqual(tokens.verify(token, ORDER), { ...ORDER, run: 12 });
});

test('a token counts for seven days', () => {
  const clock = fakeClock();
  const tokens = open([KEY], clock);
  const token = tokens.sign(ORDER);
  clock.advance(7 * DAY - 1);
  assert.ok(tokens.verify(token, ORDER));
  clock.advance(2);
  assert.equal(tokens.verify(token, ORDER), undefined);
});

test('a token is of one site and one vendor', () => {
  const tokens = open();
  const token = tokens.sign(ORDER);
  assert.equal(tokens.verify(token, { ...ORDER, site: 'other' }), undefined);
  assert.equal(tokens.verify(token, { ...ORDER, vendor: 'hautai' }), undefined);
});

test('while the key changes, tokens of the old one count and new ones are of the new one', () => {
  const old = open(['the-old-signing-key-1']);
  const both = open(['the-new-signing-key-1', 'the-old-signing-key-1']);
  const fresh = open(['the-new-signing-key-1']);
  assert.ok(both.verify(old.sign(ORDER), ORDER));
  assert.ok(fresh.verify(both.sign(ORDER), ORDER));
  assert.equal(fresh.verify(old.sign(ORDER), ORDER), undefined);
});

test('the key itself signs nothing: what it signs elsewhere is no token', () => {
  const [id, run, expires] = open().sign(ORDER).split('.');
  const words = [ORDER.site, ORDER.vendor, id, run, expires].join('\n');
  const forged = [id, run, expires, createHmac('sha256', KEY).update(words).digest('base64url')].join('.');
  assert.equal(open().verify(forged, ORDER), undefined);
});

test('a token in which anything is changed is none', () => {
  const tokens = open();
  const token = tokens.sign(ORDER);
  const changed = fc
    .tuple(fc.nat(token.length), fc.nat(3), fc.string({ maxLength: 3 }))
    .map(([at, cut, put]) => token.slice(0, at) + put + token.slice(at + cut))
    .filter((text) => text !== token);
  fc.assert(
    fc.property(fc.oneof(changed, fc.string({ unit: 'binary' })), (text) => {
      assert.equal(tokens.verify(text, ORDER), undefined);
    }),
    { numRuns: 2000 },
  );
});

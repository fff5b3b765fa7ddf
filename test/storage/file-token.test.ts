import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openCallbackTokens } from '../../src/orders/callback-token.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import { fakeClock } from '../support/fake-clock.ts';

const KEY = 'the-signing-key-of-a-test';
const FILE = { site: 'general', key: 'slides/42/001.svs' };
const clock = fakeClock();
const open = (...keys: [string, ...string[]]) => openFileTokens(keys, () => clock.now());

test('a token says which file of which site it is of, and fits into a path', () => {
  const token = open(KEY).sign(FILE, 60);
  assert.match(token, /^[\w.-]+$/);
  assert.deepEqual(open(KEY).verify(token), FILE);
});

test('while the key changes, tokens of the old one count and new ones are of the new one', () => {
  const [old, both, fresh] = [
    open('the-old-signing-key-1'),
    open('the-new-signing-key-1', 'the-old-signing-key-1'),
    open('the-new-signing-key-1'),
  ];
  assert.ok(both.verify(old.sign(FILE, 60)));
  assert.ok(fresh.verify(both.sign(FILE, 60)));
  assert.equal(fresh.verify(old.sign(FILE, 60)), undefined);
});

test('a token of a callback opens no file, and a plain signature of the key opens none either', () => {
  const callback = openCallbackTokens([KEY], () => clock.now()).sign({
    site: 'general',
    vendor: 'v',
    publicId: 'p',
    run: 1,
  });
  assert.equal(open(KEY).verify(callback), undefined);
  const [address = '', expires = ''] = open(KEY).sign(FILE, 60).split('.');
  const proof = createHmac('sha256', KEY).update(`${address}\n${expires}`).digest('base64url');
  assert.equal(open(KEY).verify(`${address}.${expires}.${proof}`), undefined);
});

test('a key that is none of ours is not served, even where we have signed it', () => {
  assert.equal(open(KEY).verify(open(KEY).sign({ site: 'general', key: '../../etc/passwd' }, 60)), undefined);
});

test('a token in which anything is changed is none', () => {
  const token = open(KEY).sign(FILE, 60);
  const changed = fc
    .tuple(fc.nat(token.length), fc.nat(3), fc.string({ maxLength: 3 }))
    .map(([at, cut, put]) => token.slice(0, at) + put + token.slice(at + cut))
    .filter((text) => text !== token);
  fc.assert(
    fc.property(fc.oneof(changed, fc.string({ unit: 'binary' })), (text) => {
      assert.equal(open(KEY).verify(text), undefined);
    }),
    { numRuns: 2000 },
  );
});

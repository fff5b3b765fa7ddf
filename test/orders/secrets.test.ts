/** What a login gave: unreadable in the table, renewed by one process at a time, and gone with its key. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { AdapterError } from '../../src/errors.ts';
import { openLog, silentLog } from '../../src/log.ts';
import type { Database } from '../../src/orders/store/database.ts';
import { openLeases } from '../../src/orders/store/leases.ts';
import { listSecretTimes, openSecrets, resealSecrets, secretBoxOf } from '../../src/orders/store/secrets.ts';
import type { Leases } from '../../src/orders/types.ts';
import { openSecretBox, type SecretBox } from '../../src/secret-box.ts';
import { onEveryDatabase } from '../support/databases.ts';
import { fakeClock } from '../support/fake-clock.ts';

const KEY = 'an encryption key of a test';
const NEW_KEY = 'a newer encryption key of a test';
const PLACE = { site: 'general', owner: 'toy', name: 'token' };
const isUnreadable = (why: RegExp) => (thrown: unknown) =>
  thrown instanceof AdapterError &&
  thrown.code === 'vendor-unauthorized' &&
  thrown.remedy === 'hold' &&
  why.test(thrown.message) &&
  /security\.encryptionKey[\s\S]*log in again/.test(thrown.operator);

describe('a secret box', () => {
  const box = openSecretBox([KEY]);

  test('gives back any text at its place, and never writes it the same way twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const [one, two] = [box.seal(text, PLACE), box.seal(text, PLACE)];
        assert.equal(box.open(one, PLACE), text);
        assert.notEqual(one, two);
        assert.match(one, /^v1\.[\w-]{11}\.[\w-]{16}\.[\w-]{22,}$/);
      }),
    );
  });

  test('is opened at its own place only, however the words are divided', () => {
    const sealed = box.seal('refresh me', { site: 'a', owner: 'b', name: 'c' });
    for (const place of [
      { site: 'x', owner: 'b', name: 'c' },
      { site: 'a', owner: 'x', name: 'c' },
      { site: 'a', owner: 'b', name: 'x' },
      { site: 'ab', owner: '', name: 'c' },
      { site: 'a","b', owner: 'c', name: '' },
    ]) {
      assert.throws(() => box.open(sealed, place), isUnreadable(/was altered/));
    }
  });

  test('opens nothing that differs from what it sealed by as little as a character', () => {
    const sealed = box.seal('a refresh token', PLACE);
    fc.assert(
      fc.property(
        fc.nat({ max: sealed.length - 1 }),
        fc.constantFrom(...'AZaz09-_.=+/ \n'),
        fc.constantFrom('replace', 'insert', 'cut'),
        (at, letter, how) => {
          const rest = sealed.slice(how === 'insert' ? at : at + 1);
          const changed = how === 'cut' ? sealed.slice(0, at) : sealed.slice(0, at) + letter + rest;
          fc.pre(changed !== sealed);
          assert.throws(() => box.open(changed, PLACE), isUnreadable(/./));
        },
      ),
      { numRuns: 400 },
    );
    fc.assert(fc.property(fc.string(), (text) => assert.throws(() => box.open(text, PLACE), isUnreadable(/./))));
  });

  test('while the key changes, the first one seals and both open; without the earlier one nothing of it opens', () => {
    const sealed = box.seal('kept', PLACE);
    const both = openSecretBox([NEW_KEY, KEY]);
    assert.equal(both.open(sealed, PLACE), 'kept');
    assert.deepEqual([both.isCurrent(sealed), both.isCurrent(both.seal('kept', PLACE))], [false, true]);
    const late = openSecretBox([NEW_KEY]);
    assert.equal(late.open(both.seal('kept', PLACE), PLACE), 'kept');
    assert.throws(() => late.open(sealed, PLACE), isUnreadable(/a key that security\.encryptionKey does not name/));
  });

  test('is made of what is configured, and of nothing where nothing is', () => {
    const sealed = box.seal('kept', PLACE);
    assert.equal(secretBoxOf({ security: { encryptionKey: KEY } })?.open(sealed, PLACE), 'kept');
    assert.equal(secretBoxOf({ security: { encryptionKey: [NEW_KEY, KEY] } })?.open(sealed, PLACE), 'kept');
    assert.equal(secretBoxOf({ security: {} }), undefined);
  });
});

onEveryDatabase('secrets', ({ open, again }) => {
  const clock = fakeClock();
  const now = () => clock.now();
  let database: Database;
  let other: Database;
  beforeEach(async () => {
    database = await open();
    other = (await again?.()) ?? database;
  });
  afterEach(async () => {
    if (other !== database) {
      await other.close();
    }
    await database.close();
  });
  const box = openSecretBox([KEY]);
  const secretsBy = (by: Database, holder: string, sealedBy: SecretBox | undefined = box, owner = 'toy') =>
    openSecrets({ database: by, leases: openLeases(by, holder, now), box: sealedBy, now }, { site: 'general', owner });
  const stored = () => database.query<{ box: string }>('select box from secrets');

  test('are kept and forgotten, and cannot be read in the table', async () => {
    const secrets = secretsBy(database, 'one');
    assert.equal(await secrets.get('token'), undefined);
    await secrets.put('token', 'refresh-me-1');
    await secrets.put('token', 'refresh-me-2');
    assert.equal(await secretsBy(other, 'two').get('token'), 'refresh-me-2');
    assert.equal(await secretsBy(database, 'one', box, 'another').get('token'), undefined);
    const rows = await stored();
    assert.equal(rows.length, 1);
    assert.doesNotMatch(JSON.stringify(await database.query('select * from secrets')), /refresh-me/);
    assert.deepEqual([...(await listSecretTimes(database, { site: 'general', owner: 'toy' }))], [['token', now()]]);
    await secrets.forget('token');
    assert.deepEqual([await secrets.get('token'), await stored()], [undefined, []]);
  });

  test('two processes that renew at once renew once, and both have what came of it', async () => {
    await secretsBy(database, 'before').put('token', 'rotation 0');
    // Whoever asks for the lease has looked at what there was.
    const looked = { r1: Promise.withResolvers<void>(), r2: Promise.withResolvers<void>() };
    const [one, two] = [[database, 'r1'] as const, [other, 'r2'] as const].map(([by, holder]) => {
      const { withLease } = openLeases(by, holder, now);
      const leases: Leases = {
        withLease(name, seconds, work) {
          looked[holder].resolve();
          return withLease(name, seconds, work);
        },
      };
      return openSecrets({ database: by, leases, box, now }, { site: 'general', owner: 'toy' });
    });
    assert.ok(one && two);
    let rotation = 0;
    const gate = Promise.withResolvers<void>();
    const make = async (current: string | undefined) => {
      assert.equal(current, `rotation ${rotation}`);
      await gate.promise;
      return `rotation ${++rotation}`;
    };
    const renewing = [one.renew('token', make), two.renew('token', make), one.renew('token', make)];
    await Promise.all([looked.r1.promise, looked.r2.promise]);
    gate.resolve();
    assert.deepEqual(await Promise.all(renewing), ['rotation 1', 'rotation 1', 'rotation 1']);
    assert.equal(await two.renew('token', make), 'rotation 2', 'later it is renewed again');
    assert.equal(await one.get('token'), 'rotation 2');
  });

  test('a renewal that fails changes nothing, and the next one may succeed', async () => {
    const secrets = secretsBy(database, 'one');
    await secrets.put('token', 'old');
    await assert.rejects(
      secrets.renew('token', () => Promise.reject(new AdapterError('vendor-error', 'The vendor answered with 500'))),
      { code: 'vendor-error' },
    );
    assert.equal(await secrets.get('token'), 'old');
    assert.equal(await secretsBy(other, 'two').renew('token', async (current) => `${current} and new`), 'old and new');
    assert.equal(await secrets.renew('first', async (current) => current ?? 'made of nothing'), 'made of nothing');
  });

  test('what a person has just put is not overwritten by a renewal of what was there before', async () => {
    const [one, two] = [secretsBy(database, 'p1'), secretsBy(other, 'p2')];
    await one.put('token', 'old');
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const renewing = one.renew('token', async () => {
      begun.resolve();
      await gate.promise;
      return 'renewed';
    });
    await begun.promise;
    const putting = two.put('token', 'of the new login');
    gate.resolve();
    await Promise.all([renewing, putting]);
    assert.equal(await one.get('token'), 'of the new login');
  });

  test('who stood still while the lease ran out does not overwrite what came after', async () => {
    const [slow, quick] = [secretsBy(database, 's1'), secretsBy(other, 's2')];
    await slow.put('token', 'old');
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const renewing = slow.renew('token', async () => {
      begun.resolve();
      await gate.promise;
      return 'late';
    });
    await begun.promise;
    clock.advance(60);
    assert.equal(await quick.renew('token', async () => 'of the other process'), 'of the other process');
    gate.resolve();
    assert.equal(await renewing, 'of the other process');
    assert.equal(await slow.get('token'), 'of the other process');
  });

  test('a start with a new key encrypts anew what it can read, and says what it cannot', async () => {
    await secretsBy(database, 'one').put('token', 'kept');
    await secretsBy(database, 'one', openSecretBox(['a key that nobody has any more']), 'lost').put('token', 'gone');
    const lines: string[] = [];
    const log = openLog('info', { write: (line) => void lines.push(line) });
    await resealSecrets(database, openSecretBox([NEW_KEY, KEY]), log);
    const late = openSecretBox([NEW_KEY]);
    assert.equal(await secretsBy(database, 'two', late).get('token'), 'kept');
    await assert.rejects(secretsBy(database, 'two', late, 'lost').get('token'), isUnreadable(/does not name/));
    assert.match(lines.join(''), /"vendor":"lost".*log in again/);
    assert.match(lines.join(''), /"count":1.*encrypted under the new key/);
    const before = await stored();
    await resealSecrets(database, late, silentLog);
    assert.deepEqual(await stored(), before, 'what is current stays as it is');
  });

  test('nothing is kept without a key', async () => {
    const services = { database, leases: openLeases(database, 'one', now), box: undefined, now };
    const secrets = openSecrets(services, { site: 'general', owner: 'toy' });
    await assert.rejects(secrets.put('token', 'clear text'), { code: 'config-invalid' });
    assert.deepEqual(await stored(), []);
  });
});

/** The door for files on the whole adapter: mounted, with the site's folder and the configured key behind it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAdapter } from '../../src/adapter.ts';
import { silentLog } from '../../src/log.ts';
import { openFileTokens } from '../../src/storage/file-token.ts';
import { openStorages } from '../../src/storage/open.ts';
import { configOf, file, site } from '../config/fixture.ts';
import { PUBLIC_URL, put, SIGNING_KEY } from '../storage/kinds.ts';

test('a signed URL of a running adapter gives the file, and anything else nothing', async () => {
  const path = await mkdtemp(join(tmpdir(), 'adapter-files-'));
  const config = configOf(
    file({
      http: { port: 0, publicUrl: PUBLIC_URL },
      security: { signingKey: SIGNING_KEY },
      database: { folder: 'memory://' },
      sites: [
        site({
          subscriptions: { secret: 'long-enough-secret', register: false, dialect: 'none', sweep: 'off' },
          storage: { type: 'folder', path, watermark: 0 },
        }),
      ],
    }),
  );
  const adapter = await startAdapter({ config, log: silentLog });
  try {
    const tokens = openFileTokens([SIGNING_KEY], () => new Date());
    const storage = openStorages(config, tokens).get('general') ?? assert.fail('no storage');
    await put(storage, 'slides/1/001.svs', Buffer.from('a slide'));
    const url = await storage.url('slides/1/001.svs', 60);
    const get = (address: string) => fetch(address.replace(PUBLIC_URL, `http://127.0.0.1:${adapter.port}`));
    const got = await get(url);
    assert.equal(got.status, 200);
    assert.equal(await got.text(), 'a slide');
    for (const address of [`${url}x`, `${PUBLIC_URL}/files/AbCdEfGhIjKlMnOpQrStUv`, `${PUBLIC_URL}/files`]) {
      const nothing = await get(address);
      assert.equal(nothing.status, 404);
      assert.match(await nothing.text(), /There is nothing at this address/);
    }
  } finally {
    await adapter.stop(9);
    await rm(path, { recursive: true });
  }
});

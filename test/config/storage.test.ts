import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, configOf, file, problemsOf, site } from './fixture.ts';

const S3 = {
  type: 's3',
  region: 'eu-central-1',
  bucket: 'slides',
  accessKeyId: 'AKID',
  secretAccessKey: 'a-long-secret',
};
const withStorage = (storage: unknown) => file({ sites: [site({ storage })] });

test('a site that says nothing keeps its files in a folder, and a gibibyte of the disk free', () => {
  const expected = { type: 'folder', watermark: 1_073_741_824 };
  assert.deepEqual(configOf(file()).sites[0]?.storage, expected);
  assert.deepEqual(configOf(withStorage(null)).sites[0]?.storage, expected);
  assert.deepEqual(configOf(withStorage({ type: 'folder', path: '/mnt/slides', watermark: 5 })).sites[0]?.storage, {
    type: 'folder',
    path: '/mnt/slides',
    watermark: 5,
  });
});

test('a bucket may come from the environment, and a prefix needs no slashes around it', () => {
  const storage = {
    ...S3,
    endpoint: 'https://storage.googleapis.com',
    prefix: '/ai/slides/',
    secretAccessKey: `\${KEY}`,
  };
  const config = configOf(withStorage({ ...storage, forcePathStyle: `\${STYLE}` }), {
    env: { KEY: 'of the environment', STYLE: 'false' },
  });
  assert.deepEqual(config.sites[0]?.storage, {
    ...storage,
    prefix: 'ai/slides',
    secretAccessKey: 'of the environment',
    forcePathStyle: false,
  });
});

test('what is wrong with a storage is said with its path and without its secret', () => {
  assert.equal(at(problemsOf(withStorage({ type: 'ftp' })), 'sites[0].storage.type').length, 1);
  assert.equal(at(problemsOf(withStorage({ type: 'folder', watermark: -1 })), 'sites[0].storage.watermark').length, 1);
  const problems = problemsOf(
    withStorage({ ...S3, bucket: 'https://slides', secretKey: 'a-long-secret', region: undefined }),
  );
  assert.equal(at(problems, 'sites[0].storage.bucket').length, 1);
  assert.equal(at(problems, 'sites[0].storage.region').length, 1);
  assert.ok(problems.some(({ path }) => path.startsWith('sites[0].storage.secretKey')));
  assert.doesNotMatch(JSON.stringify(problems), /a-long-secret/);
});

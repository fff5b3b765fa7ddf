import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { Binary, Device, DocumentReference } from '@medplum/fhirtypes';
import { type Manner, openEhr, type Transactions } from '../../sandbox/ehr/index.ts';
import { clientOf, failure, serve } from './client-support.ts';

const CASES: [Manner, Transactions, boolean][] = [
  ['medplum', 'atomic', true],
  ['medplum', 'batch', false],
  ['hapi', 'atomic', true],
  ['hapi', 'batch', false],
  ['hapi', 'none', false],
];

for (const [manner, transactions, atomic] of CASES) {
  test(`the embedded EHR (${manner}, ${transactions}) is ${atomic ? '' : 'not '}atomic, and is left as it was`, async (t) => {
    const server = await serve(t, (app, self) => {
      const ehr = openEhr({ manner, transactions, baseUrl: () => `${self.origin}/fhir` });
      t.after(() => ehr.close());
      app.use('/fhir', ehr.router);
      app.use('/storage', ehr.storage);
    });
    const { client } = clientOf(t, server.origin, {}, {});
    const capabilities = await client.capabilities();
    assert.equal(capabilities.atomic, atomic);
    assert.equal(capabilities.transaction, transactions !== 'none');
    assert.deepEqual((await client.search('Device')).entry ?? [], []);

    const device: Device = { resourceType: 'Device', identifier: [{ system: 'urn:x', value: '1' }] };
    const made = await client.create(device);
    assert.equal((await client.create(device, { ifNoneExist: 'identifier=urn:x|1' })).id, made.id);
    const id = made.id ?? '';
    const version = made.meta?.versionId ?? '';
    const changed = await client.update({ ...made, id, status: 'active' }, { ifMatch: version });
    assert.notEqual(changed.meta?.versionId, version);
    const late = await failure(client.update({ ...made, id, status: 'inactive' }, { ifMatch: version }));
    assert.equal(late.code, 'ehr-conflict');
    assert.ok(late.outcome);
    const same = await client.update({ ...changed, id });
    assert.equal(same.status, 'active');
    await client.remove('Device', id);
    await client.remove('Device', id);
    assert.equal(await client.read('Device', id), undefined);

    const bytes: Binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'bm90ZQ==' };
    const binary = await client.create(bytes);
    const url = `Binary/${binary.id}`;
    const note: DocumentReference = {
      resourceType: 'DocumentReference',
      status: 'current',
      content: [{ attachment: { url } }],
    };
    const { id: noteId = '' } = await client.create(note);
    const stored = await client.read<DocumentReference>('DocumentReference', noteId);
    for (const link of [url, stored?.content[0]?.attachment.url ?? '']) {
      assert.equal(await text((await client.fetchBytes(link, 'text/plain')).body), 'note');
    }
    assert.ok(Math.abs((await client.serverTime()).getTime() - Date.now()) < 5000);
  });
}

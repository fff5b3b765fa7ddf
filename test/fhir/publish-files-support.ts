/** Findings that are files, and what stands of them in the ward. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Attachment, Binary } from '@medplum/fhirtypes';
import { binaryReference } from '../../src/fhir/binary-reference.ts';
import type { PublishedFile } from '../../src/fhir/types.ts';
import type { Finding } from '../../src/findings.ts';
import type { Ward } from './publish-support.ts';

export const HEAT_MAP: Finding = {
  part: 'media/heat-map-1',
  label: 'Heat map of schistocytes',
  resource: { resourceType: 'Media', status: 'completed', height: 10, width: 20 },
  evidence: [],
  file: 'heat-map/1.png',
};

export const MASK: Finding = {
  part: 'document/mask',
  label: 'Mask of pores',
  resource: { resourceType: 'DocumentReference', status: 'current', type: { text: 'Mask' } },
  evidence: [],
  file: 'mask.svg',
  remarks: ['Drawn on the anonymised picture'],
};

/** Bytes that differ by `content`; at least as many as asked for. */
export function bytesOf(content: string, size = 0): Uint8Array {
  return Buffer.concat([Buffer.from(content), Buffer.alloc(Math.max(0, size - content.length), 'x')]);
}

/** A file as the engine hands it over; `reads` counts how often its bytes were asked for. */
export function fileOf(name: string, contentType: string, bytes: Uint8Array): PublishedFile & { reads: number } {
  const file = {
    name,
    contentType,
    title: `File ${name}`,
    size: bytes.byteLength,
    sha1: createHash('sha1').update(bytes).digest('base64'),
    reads: 0,
    async *read() {
      file.reads += 1;
      yield bytes;
    },
  };
  return file;
}

export const picture = (content = 'a heat map', size = 0) =>
  fileOf('heat-map/1.png', 'image/png', bytesOf(content, size));
export const mask = (content = '<svg/>', size = 0) => fileOf('mask.svg', 'image/svg+xml', bytesOf(content, size));
export const vendorsReport = (content = '{"found":1}', size = 0) =>
  fileOf('vendor.json', 'application/json', bytesOf(content, size));

/** The CRC-32C of "123456789"; what it is of does not matter here. */
export const CRC32C = '4waSgw==';
export const addressOf = (id: string): string => `https://adapter.example/files/${id.padEnd(22, '0')}`;

/** The same file, as it stands in the site's storage; `id`: of its address, absent where nobody can reach us. */
export function keptFile(file: ReturnType<typeof fileOf>, id?: string): ReturnType<typeof fileOf> {
  file.kept = { crc32c: CRC32C, url: id && addressOf(id) };
  return file;
}

/** Its bytes, wherever they stand: what a reader gets who follows it. */
export async function bytesBehind(ward: Ward, attachment: Attachment | undefined): Promise<Buffer> {
  const { url, data } = attachment ?? {};
  if (data !== undefined) {
    return Buffer.from(data, 'base64');
  }
  const reference = binaryReference(url);
  const binary = (await ward.all<Binary>('Binary')).find(({ id }) => `Binary/${id}` === reference);
  assert.ok(binary, `${reference} is not there`);
  assert.equal(url, reference, 'a relative reference stands, nothing that expires');
  assert.equal(binary.contentType, attachment?.contentType);
  return Buffer.from(binary.data ?? '', 'base64');
}

/** The attachment holds these bytes, and says so by size and hash. */
export async function assertHolds(ward: Ward, attachment: Attachment | undefined, file: PublishedFile): Promise<void> {
  const bytes = await bytesBehind(ward, attachment);
  assert.deepEqual(bytes, await buffer(file.read()));
  assert.equal(attachment?.size, file.size);
  assert.equal(attachment?.hash, file.sha1);
  assert.equal(attachment?.title, file.title);
}

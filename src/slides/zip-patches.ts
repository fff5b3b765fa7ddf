/**
 * Plans what of a zip file of DICOM files is overwritten. Images of the tissue are patched where they stand and their
 * checksums corrected; labels, overviews and whatever else is in there leave the directory and become zeros; names, times,
 * comments and extra fields say nothing any more.
 */

import { crc32Patched } from './crc32-patched.ts';
import { isTissue } from './dicom-facts.ts';
import { patchesOf } from './dicom-patches.ts';
import { joinPatches, movePatches } from './join-patches.ts';
import { zerosBetween } from './kept-ranges.ts';
import { type Bytes, partOf } from './read-ahead.ts';
import { notCleanable } from './refusals.ts';
import type { Patch } from './types.ts';
import { readZipDirectory, STORED, type ZipDirectory } from './zip-directory.ts';
import { type Instance, readInstances } from './zip-instances.ts';
import { descriptorOf, headerPatches, newLine, newName } from './zip-rewrite.ts';

/** Throws `input-unsupported`, also where files are packed: a patch needs the bytes as they are. */
export async function zipPatches(bytes: Bytes): Promise<Patch[]> {
  const directory = await readZipDirectory(bytes);
  const kept = (await readInstances(bytes, directory.entries)).filter(({ head }) => isTissue(head));
  const patches: Patch[] = [];
  const lines: Uint8Array[] = [];
  const ranges = { starts: [directory.at], ends: [bytes.size] };
  for (const [index, instance] of kept.entries()) {
    const name = newName(index, instance.entry.nameLength);
    if (name === undefined) {
      throw notCleanable('the names in its zip file are too short to be replaced');
    }
    const { crc, content } = await cleanContent(bytes, instance);
    const descriptor = await descriptorOf(bytes, instance.entry);
    patches.push(...content, ...(await headerPatches(bytes, instance.entry, { name, crc, descriptor })));
    lines.push(newLine(instance.entry, { name, crc }));
    ranges.starts.push(instance.entry.at);
    ranges.ends.push(descriptor?.end ?? instance.entry.dataEnd);
  }
  const zeros = zerosBetween(
    [{ starts: Float64Array.from(ranges.starts), ends: Float64Array.from(ranges.ends) }],
    bytes.size,
  );
  return joinPatches([...patches, ...zeros, ...directoryPatches(directory, lines, bytes.size)]);
}

async function cleanContent(bytes: Bytes, { entry, head }: Instance): Promise<{ content: Patch[]; crc: number }> {
  if (entry.method !== STORED || entry.packed !== entry.size) {
    throw notCleanable('the files in its zip file are compressed; a zip file that only stores them can be sent');
  }
  const file = partOf(bytes, entry.dataAt, entry.size);
  const patches = await patchesOf(file, head);
  return { content: movePatches(patches, entry.dataAt), crc: await crc32Patched(file, entry.crc, patches) };
}

/** The directory grows shorter and moves up to what follows it: readers look for it there. */
function directoryPatches(directory: ZipDirectory, lines: readonly Uint8Array[], size: number): Patch[] {
  const anew = Buffer.concat(lines);
  const place = directory.at + directory.length - anew.length;
  const end = Buffer.alloc(8 + 4);
  // Where the longer record says it, the short one may say so too: the numbers fit, or stay "see there".
  const short = (value: number, most: number) => Math.min(value, most);
  end.writeUInt16LE(short(lines.length, 0xffff), 0);
  end.writeUInt16LE(short(lines.length, 0xffff), 2);
  end.writeUInt32LE(anew.length, 4);
  end.writeUInt32LE(short(place, 0xffffffff), 8);
  const comment = size - directory.endAt - 22;
  return [
    { offset: directory.at, zeros: place - directory.at },
    { offset: place, bytes: anew },
    { offset: directory.endAt + 8, bytes: end },
    { offset: directory.endAt + 22, bytes: new Uint8Array(comment).fill(0x20) },
    ...(directory.end64At === undefined ? [] : end64Patches(directory.end64At, lines.length, anew.length, place)),
  ];
}

function end64Patches(at: number, count: number, length: number, place: number): Patch[] {
  const bytes = Buffer.alloc(32);
  for (const [index, value] of [count, count, length, place].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), index * 8);
  }
  return [{ offset: at + 24, bytes }];
}

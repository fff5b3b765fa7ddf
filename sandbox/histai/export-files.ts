/** The files of an export: the manifest of links, the metadata, the slides, and all slides in one. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { toSnake } from './casing.ts';
import { type ExportFile, filesOf, linksOf, PATHS } from './exports.ts';
import { heldFile, type StoredFile } from './send-file.ts';
import type { Simulator } from './simulator.ts';
import { slideBytes } from './slide-bytes.ts';
import type { Cohort, Purchase } from './world.ts';

/** By how much `wrong-size` shortens a slide, in bytes. */
const SHORTER_BY = 100;

/** The links of all slides, one a line. */
export function manifestOf(cohort: Cohort, purchase: Purchase, simulator: Simulator): StoredFile {
  const { from, slidesUntil } = linksOf(purchase, simulator);
  const links = filesOf(cohort, simulator).map((file) =>
    simulator.signer.sign(PATHS.slide(cohort, file), from, slidesUntil),
  );
  return held('text/plain', Buffer.from(links.map((link) => `${link}\n`).join('')));
}

/** The whole records of the cohort's cases, each with the slides that were bought. */
export function metadataOf(cohort: Cohort, { cases, options }: Simulator): StoredFile {
  const records = [...cohort.content].map(([caseId, slideIds]) => {
    const one = cases.get(caseId);
    return { ...one, slides: one?.slides.filter(({ slideId }) => slideIds.includes(slideId)) };
  });
  const metadata = { cohortId: cohort.id, name: cohort.name, cases: records };
  const spelt = options.casing === 'snake' ? toSnake(metadata) : metadata;
  return held('application/json', Buffer.from(JSON.stringify(spelt, null, 2)));
}

export function slideFile({ slideId, sizeBytes }: ExportFile, { take }: Simulator): StoredFile {
  return {
    contentType: 'application/octet-stream',
    size: take('wrong-size') ? Math.max(0, sizeBytes - SHORTER_BY) : sizeBytes,
    etag: `"${slideId}"`,
    pieces: (start, end) => slideBytes(slideId, start, end),
  };
}

/** A ZIP of all slides, not compressed: their bytes do not get fewer. */
export async function archiveOf(cohort: Cohort, simulator: Simulator): Promise<StoredFile> {
  const zip = new ZipFile();
  const mtime = new Date(cohort.paid?.at ?? cohort.createdAt);
  for (const { slideId, sizeBytes, fileName } of filesOf(cohort, simulator)) {
    zip.addBuffer(Buffer.concat([...slideBytes(slideId, 0, sizeBytes)]), fileName, { compress: false, mtime });
  }
  zip.end();
  return held('application/zip', await buffer(zip.outputStream));
}

function held(contentType: string, bytes: Buffer): StoredFile {
  return heldFile(contentType, bytes, `"${createHash('md5').update(bytes).digest('hex')}"`);
}

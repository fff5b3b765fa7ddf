/** The simulator's memory: studies, their files, how far each has got. */
import { createHash, randomUUID } from 'node:crypto';
import type { Size } from './image-size.ts';
import type { Habits } from './profiles.ts';
import type { Received } from './receive.ts';
import { findSpots, type Spot } from './spots.ts';

export interface StoredFile {
  /** `sha224-i-…`, or a UUID. */
  id: string;
  sha256: string;
  sizes: Size[];
  /** Pixels across a red cell, as said with the first upload: later ones cannot change it. */
  cell: number | undefined;
  /** What its picture shows, where it could be looked at. */
  spots: Promise<Spot[]>;
}

export interface Study {
  id: string;
  /** By SHA-256 of the content: a file that is sent again counts once. */
  files: Map<string, StoredFile>;
  requested?: {
    tasks: string[];
    /** Milliseconds since 1970. */
    at: number;
    end: 'ready' | 'failed';
    /** The smear shows nothing, whatever its pictures say. */
    negative: boolean;
  };
  /** How often the report has been revised. */
  revision: number;
  /** Told with the documents' placeholders. */
  placeholders: boolean;
}

export interface Progress {
  report_status: string;
  progress: number;
  progress_message: string;
}

export const createStudy = (): Study => ({
  id: randomUUID(),
  files: new Map(),
  revision: 0,
  placeholders: false,
});

/** Adds a file, or finds it where its content is already there. */
export function addFile(
  study: Study,
  received: Received,
  cell: number | undefined,
  kind: Habits['fileId'],
): StoredFile {
  const { sha256, sha224, sizes, whole } = received;
  const known = study.files.get(sha256);
  if (known) {
    return known;
  }
  const id = kind === 'uuid' ? randomUUID() : `sha224-i-${sha224}`;
  const file = { id, sha256, sizes, cell, spots: whole ? findSpots(whole, cell) : Promise.resolve([]) };
  study.files.set(sha256, file);
  return file;
}

/** The SHA-256 that stands for all that a study was given, in whatever order it came. */
export function contentOf(study: Study): string {
  return createHash('sha256')
    .update([...study.files.keys()].sort().join('\n'))
    .digest('hex');
}

/** How far a study is at `now`. `stuck`: it never gets to its end. */
export function progressOf(study: Study, at: { now: Date; seconds: number; stuck: boolean }): Progress {
  const { requested, files } = study;
  if (!requested) {
    const report_status = files.size === 0 ? 'created' : 'uploading';
    return { report_status, progress: 0, progress_message: 'No diagnostic task has been requested' };
  }
  const elapsed = (at.now.getTime() - requested.at) / 1000;
  const share = at.seconds <= 0 ? 1 : Math.max(0, elapsed / at.seconds);
  const progress = Math.floor(100 * Math.min(share, at.stuck ? 0.95 : 1)) / 100;
  if (requested.end === 'failed' && progress >= 0.5) {
    return { report_status: 'failed', progress: 0.5, progress_message: 'The study could not be processed' };
  }
  return progress >= 1
    ? { report_status: 'ready', progress: 1, progress_message: 'Reports are ready' }
    : { report_status: 'processing', progress, progress_message: 'Analysing fields of view' };
}

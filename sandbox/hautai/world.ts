/** The simulator's memory: datasets, subjects, batches and what is known of their pictures. Nothing of it is kept. */
import { createHash, randomUUID } from 'node:crypto';
import { FACE_SKIN_METRICS } from './applications.ts';
import type { HautaiFault } from './faults.ts';
import type { PictureFacts } from './picture-facts.ts';
import type { WebhookSettings } from './webhooks.ts';

export const SIDES = ['front', 'left', 'right'] as const;
export type Side = (typeof SIDES)[number];

export interface Dataset {
  id: string;
  name: string;
  /** The tech names of the connected applications. */
  applications: string[];
  expireImagesAfterDays: number | null;
  expireMetadataAfterDays: number | null;
  webhook?: WebhookSettings;
}

export interface Subject {
  id: string;
  name: string;
  birth_date: string | null;
  biological_sex: number | null;
  meta: Record<string, unknown> | null;
  creationTime: string;
  datasetId: string;
}

/** A picture that was announced, and uploaded where `facts` are there; its bytes are not kept. */
export interface Picture {
  id: string;
  side: Side;
  name: string;
  facts?: PictureFacts;
}

/** What was taken at compute: later uploads change nothing of it. */
export interface Computation {
  /** Milliseconds of the simulator's clock. */
  at: number;
  /** SHA-256 of the pictures' SHA-256, sorted and joined by line feeds. */
  sha256: string;
  pictures: { side: Side; facts: PictureFacts }[];
  faults: ReadonlySet<HautaiFault>;
}

export interface Batch {
  id: string;
  subject: Subject;
  /** ISO instant: the caller's, or that of the call. */
  creationTime: string;
  meta: Record<string, unknown> | null;
  pictures: Picture[];
  computation?: Computation;
}

export interface World {
  datasets: Map<string, Dataset>;
  subjects: Map<string, Subject>;
  batches: Map<string, Batch>;
  /** By picture id; gone with the subject. */
  pictures: Map<string, Picture>;
  /** Removes a subject with everything of it. */
  forget(subject: Subject): void;
}

/** A world with one dataset, connected to the one application that matters. */
export function createWorld(datasetId: string): World {
  const subjects = new Map<string, Subject>();
  const batches = new Map<string, Batch>();
  const pictures = new Map<string, Picture>();
  return {
    datasets: new Map([
      [datasetId, newDataset('Sandbox dataset', { id: datasetId, applications: [FACE_SKIN_METRICS] })],
    ]),
    subjects,
    batches,
    pictures,
    forget(subject) {
      subjects.delete(subject.id);
      for (const batch of batches.values()) {
        if (batch.subject === subject) {
          batches.delete(batch.id);
          batch.pictures.forEach(({ id }) => {
            pictures.delete(id);
          });
        }
      }
    },
  };
}

export function newDataset(name: string, rest: Partial<Dataset> = {}): Dataset {
  return {
    id: randomUUID(),
    name,
    applications: [],
    expireImagesAfterDays: null,
    expireMetadataAfterDays: null,
    ...rest,
  };
}

/** What the pictures of a batch are known by, whatever their sides and their order. */
export function sha256Of(pictures: readonly { facts: PictureFacts }[]): string {
  const hashes = pictures.map(({ facts }) => facts.sha256).sort();
  return createHash('sha256').update(hashes.join('\n')).digest('hex');
}

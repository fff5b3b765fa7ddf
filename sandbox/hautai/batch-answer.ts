/** How a batch is told: alone, and in the list. */

import { numbersOf } from '../random.ts';
import { fileUrl } from './files.ts';
import type { Simulator } from './simulator.ts';
import { type Batch, type Picture, SIDES, type World } from './world.ts';

/** Seconds that the URLs in a list live. */
const LIST_SECONDS = 3600;

const capital = (word: string) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
const datasetOf = ({ subject }: Batch, { datasets }: World) => datasets.get(subject.datasetId);

/** The answer of `GET …/batches/{image_batch_id}/`. */
export function tellBatch(batch: Batch, world: World): object {
  const { id, subject, creationTime, meta, pictures } = batch;
  const dataset = datasetOf(batch, world);
  const image = (picture: Picture) => ({
    id: picture.id,
    name: picture.name,
    created_at: creationTime,
    signed_url: null,
    original_image_id: picture.id,
    meta: null,
  });
  return {
    id,
    images: Object.fromEntries(pictures.map((picture) => [picture.side, image(picture)])),
    subject: { id: subject.id, name: subject.name },
    dataset: { id: subject.datasetId, name: dataset?.name ?? '' },
    connected_applications: dataset?.applications ?? [],
    created_at: creationTime,
    meta,
  };
}

/** One entry of `GET …/batches/`. */
export function listedBatch(batch: Batch, simulator: Simulator): object {
  return {
    id: batch.id,
    creation_time: batch.creationTime,
    subject_id: batch.subject.id,
    images: batch.pictures.map((picture) => listedImage(picture, batch, simulator)),
    connected_applications: datasetOf(batch, simulator.world)?.applications ?? [],
    meta: batch.meta,
  };
}

function listedImage({ id, name, side, facts }: Picture, batch: Batch, { signer }: Simulator): object {
  const place = { batch: batch.id, side, variant: 'original', file: 'face.jpg' };
  return {
    id,
    name,
    side: { id: SIDES.indexOf(side) + 1, name: capital(side), tech_name: side },
    light: 'regular',
    image_type: { id: 1, name: 'Selfie', tech_name: 'selfie' },
    side_name: capital(side),
    side_tech_name: side,
    light_name: null,
    light_tech_name: null,
    image_type_name: 'Selfie',
    image_type_tech_name: 'selfie',
    creation_time: batch.creationTime,
    quality_score: facts ? Math.round((0.6 + numbersOf(facts.sha256)() * 0.39) * 100) / 100 : null,
    quality_feedback: null,
    quality_result: null,
    quality_issues: [],
    problems: [],
    stage_step_number: null,
    stage_number: null,
    urls: batch.computation ? { original: fileUrl(signer, place, LIST_SECONDS) } : {},
    signed_url: null,
    original_image_id: null,
  };
}

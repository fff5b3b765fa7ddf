/** Results of a batch, and of everything that a subject ever had computed. */
import type { Response, Router } from 'express';
import { z } from 'zod';
import { callOf } from './admit.ts';
import { FACE_SKIN_METRICS } from './applications.ts';
import { blockOf, DEFAULT_QUERY } from './block.ts';
import { notFound, refuse } from './errors.ts';
import { readFields } from './fields.ts';
import type { Simulator } from './simulator.ts';
import type { Batch } from './world.ts';

/** A week: what a signed URL of this kind can live. */
const LONGEST_SECONDS = 604_800;
const flag = z
  .enum(['true', 'True', '1', 'false', 'False', '0'])
  .transform((word) => ['true', 'True', '1'].includes(word))
  .default(true);
const resultQuery = z.object({
  expiration_seconds: z.coerce.number().int().min(1).max(LONGEST_SECONDS).default(DEFAULT_QUERY.expirationSeconds),
  with_masks: flag,
  svg_masks: flag,
});

export function addResultRoutes(router: Router, simulator: Simulator): void {
  const { world, take } = simulator;

  router.get('/api/v3/companies/:company/batches/:batch/results/', (request, response) => {
    callOf(response).keys = { image_batch_id: request.params.batch };
    const batch = world.batches.get(request.params.batch);
    const read = readFields(resultQuery, request.query);
    if (!batch) {
      return notFound(response);
    }
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const { expiration_seconds, with_masks, svg_masks } = read.fields;
    const query = { expirationSeconds: expiration_seconds, withMasks: with_masks, svgMasks: svg_masks };
    const block = blockOf(batch, simulator, query);
    answer(response, block === undefined || take('results-key-missing') ? {} : byApplication(batch, block));
  });

  router.get('/api/v3/companies/:company/subjects/:subject/parameters/', (request, response) => {
    callOf(response).keys = { subject_id: request.params.subject };
    const subject = world.subjects.get(request.params.subject);
    if (!subject) {
      return notFound(response);
    }
    const batches = [...world.batches.values()].filter((batch) => batch.subject === subject);
    const earliestFirst = batches.toSorted((a, b) => Date.parse(a.creationTime) - Date.parse(b.creationTime));
    answer(
      response,
      earliestFirst.flatMap((batch) => blockOf(batch, simulator, DEFAULT_QUERY) ?? []),
    );
  });

  /** Under each connected application's name; what others than the metrics say is not documented. */
  function byApplication(batch: Batch, block: object): object {
    const names = world.datasets.get(batch.subject.datasetId)?.applications ?? [];
    return Object.fromEntries(names.map((name) => [name, name === FACE_SKIN_METRICS ? block : { is_ok: true }]));
  }

  function answer(response: Response, body: unknown): void {
    const text = JSON.stringify(body);
    response.type('json').send(take('malformed-json') ? text.slice(0, text.length / 2) : text);
  }
}

/** Batches: announcing the pictures of one sitting, having them computed, and finding them again. */
import { randomUUID } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { callOf } from './admit.ts';
import { listedBatch, tellBatch } from './batch-answer.ts';
import { forbidden, notFound, oneError, refuse, serverError } from './errors.ts';
import { BATCH_FAULTS, LASTING_FAULTS } from './faults.ts';
import { instant, meta, orNull, readFields, text } from './fields.ts';
import { pageOf } from './paging.ts';
import { hangUp, type Simulator } from './simulator.ts';
import { LENGTH_RANGE } from './storage.ts';
import { planWebhooks } from './webhooks.ts';
import { type Batch, type Picture, SIDES, type Subject, sha256Of } from './world.ts';

const name = text(255).optional();
const announcement = z.object({ front: name, left: name, right: name, creation_time: orNull(instant), meta });
const CONTENT_TYPE = 'application/octet-stream';

const COMPANY = '/api/v3/companies/:company';

export function addBatchRoutes(router: Router, simulator: Simulator): void {
  const { world, ledger, now, take } = simulator;

  router.post(`${COMPANY}/subjects/:subject/upload/`, (request, response) => {
    const subject = world.subjects.get(request.params.subject);
    const read = readFields(announcement, request.body);
    if (!subject) {
      return notFound(response);
    }
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const { creation_time, meta: given, ...names } = read.fields;
    const pictures = SIDES.flatMap((side): Picture[] => {
      const label = names[side];
      return label === undefined ? [] : [{ id: randomUUID(), side, name: label }];
    });
    if (pictures.length === 0) {
      return refuse(response, 400, oneError('required', 'At least one side is required.', 'non_field_errors'));
    }
    const batch = open(subject, { creationTime: creation_time ?? now().toISOString(), meta: given, pictures });
    callOf(response).keys = { subject_id: subject.id, image_batch_id: batch.id };
    const urls = Object.fromEntries(pictures.map((picture) => [picture.side, uploadOf(picture, simulator)]));
    return take('batch-opened-answer-lost')
      ? hangUp(request)
      : void response.json({ ...urls, image_batch_id: batch.id });
  });

  router.post(`${COMPANY}/batches/:batch/compute/`, (request, response) => {
    const batch = find(request, response);
    if (!batch) {
      return notFound(response);
    }
    if (take('compute-not-taken-500')) {
      return serverError(response);
    }
    if (take('plan-used-up-403')) {
      return forbidden(response);
    }
    if (batch.pictures.some(({ facts }) => facts === undefined)) {
      return refuse(response, 400, oneError('images_not_uploaded', 'Not all images of the batch are uploaded.'));
    }
    compute(batch, response);
    if (take('compute-taken-then-timeout')) {
      return hangUp(request);
    }
    return take('compute-taken-then-500') ? serverError(response) : void response.status(200).end();
  });

  router.get(`${COMPANY}/batches/:batch/`, (request, response) => {
    const batch = find(request, response);
    return batch ? void response.json(tellBatch(batch, world)) : notFound(response);
  });

  router.get(`${COMPANY}/batches/`, (request, response) => {
    const { dataset_id, subject_id } = request.query;
    const items = [...world.batches.values()].filter(
      ({ subject }) =>
        (dataset_id === undefined || subject.datasetId === dataset_id) &&
        (subject_id === undefined || subject.id === subject_id),
    );
    const page = pageOf(request, {
      items,
      searched: ({ subject, pictures }) => [subject.name, ...pictures.map((picture) => picture.name)].join(' '),
      orderings: { creation_time: ({ creationTime }) => new Date(creationTime).toISOString() },
      tell: (batch) => listedBatch(batch, simulator),
    });
    return page ? void response.json(page) : notFound(response, 'Invalid page.');
  });

  function find(request: Request<{ batch: string }>, response: Response): Batch | undefined {
    callOf(response).keys = { image_batch_id: request.params.batch };
    return world.batches.get(request.params.batch);
  }

  function open(subject: Subject, about: Pick<Batch, 'creationTime' | 'meta' | 'pictures'>): Batch {
    const batch = { id: randomUUID(), subject, ...about };
    world.batches.set(batch.id, batch);
    for (const picture of batch.pictures) {
      world.pictures.set(picture.id, picture);
    }
    return batch;
  }

  /** Takes the batch: a second time it is the same work, or the work again, as the options say. */
  function compute(batch: Batch, response: Response): void {
    const pictures = batch.pictures.flatMap(({ side, facts }) => (facts ? [{ side, facts }] : []));
    const sha256 = sha256Of(pictures);
    const call = callOf(response);
    ledger.submitted(call, sha256);
    if (batch.computation && simulator.options.secondCompute === 'same') {
      return;
    }
    const faults = new Set([...BATCH_FAULTS.filter(take), ...LASTING_FAULTS.filter(simulator.lasts)]);
    batch.computation = { at: now().getTime(), sha256, pictures, faults };
    ledger.bill({ sha256, keys: { image_batch_id: batch.id }, units: { analyses: 1 } });
    planWebhooks(batch, simulator);
  }
}

function uploadOf({ id }: Picture, { signer, options }: Simulator): object {
  const { url, headers } = signer.sign('PUT', `/haut-uploads/${id}`, options.uploadSeconds, {
    'Content-Type': CONTENT_TYPE,
    [LENGTH_RANGE.name]: `${LENGTH_RANGE.least},${LENGTH_RANGE.most}`,
  });
  return { url, method: 'PUT', headers, content_type: CONTENT_TYPE, id };
}

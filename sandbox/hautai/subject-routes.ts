/** Subjects: the people whose faces are analysed, under whatever name the caller gives; the same name may occur twice. */
import { randomUUID } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { callOf } from './admit.ts';
import { notFound, refuse } from './errors.ts';
import { meta, orNull, readFields, text } from './fields.ts';
import { pageOf } from './paging.ts';
import { hangUp, type Simulator } from './simulator.ts';
import type { Dataset, Subject } from './world.ts';

const fields = {
  birth_date: orNull(z.iso.date()),
  biological_sex: orNull(z.int()),
  meta,
};
const subject = z.object({ name: text(512), ...fields });
const changes = z.object({
  name: text(512).optional(),
  birth_date: z.iso.date().nullish(),
  biological_sex: z.int().nullish(),
  meta: z.record(z.string(), z.unknown()).nullish(),
});

const LIST = '/api/v1/companies/:company/datasets/:dataset/subjects/';
const ONE = `${LIST}:subject/`;

export function addSubjectRoutes(router: Router, { world, options, take, now }: Simulator): void {
  const datasetOf = (request: Request<{ dataset: string }>) => world.datasets.get(request.params.dataset);
  const find = (request: Request<{ dataset: string; subject: string }>, response: Response) => {
    callOf(response).keys = { subject_id: request.params.subject };
    const found = world.subjects.get(request.params.subject);
    return found?.datasetId === request.params.dataset ? found : undefined;
  };
  const tell = (one: Subject) => tellSubject(one, world.datasets.get(one.datasetId), options.companyId);

  router.post(LIST, (request, response) => {
    const dataset = datasetOf(request);
    const read = readFields(subject, request.body);
    if (!dataset) {
      return notFound(response);
    }
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const made = {
      id: randomUUID(),
      ...read.fields,
      creationTime: now().toISOString(),
      datasetId: dataset.id,
    };
    world.subjects.set(made.id, made);
    callOf(response).keys = { subject_id: made.id };
    return take('subject-created-answer-lost') ? hangUp(request) : void response.status(201).json(tell(made));
  });

  router.get(LIST, (request, response) => {
    if (!datasetOf(request)) {
      return notFound(response);
    }
    const page = pageOf(request, {
      items: [...world.subjects.values()].filter(({ datasetId }) => datasetId === request.params.dataset),
      searched: ({ name }) => name,
      orderings: { name: ({ name }) => name, creation_time: ({ creationTime }) => creationTime },
      tell,
    });
    return page ? void response.json(page) : notFound(response, 'Invalid page.');
  });

  router.get(ONE, (request, response) => {
    const found = find(request, response);
    return found ? void response.json(tell(found)) : notFound(response);
  });

  router.patch(ONE, (request, response) => {
    const found = find(request, response);
    const read = readFields(changes, request.body);
    if (!found) {
      return notFound(response);
    }
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    Object.assign(found, read.fields);
    response.json(tell(found));
  });

  router.delete(ONE, (request, response) => {
    const found = find(request, response);
    if (!found) {
      return notFound(response);
    }
    world.forget(found);
    response.status(204).end();
  });
}

const SEXES = ['Female', 'Male'];

function tellSubject(one: Subject, dataset: Dataset | undefined, companyId: string): object {
  const sex = SEXES[(one.biological_sex ?? 0) - 1];
  return {
    name: one.name,
    birth_date: one.birth_date,
    biological_sex: sex ? { id: one.biological_sex, name: sex, tech_name: sex.toLowerCase() } : null,
    meta: one.meta,
    id: one.id,
    author_id: 4021,
    creation_time: one.creationTime,
    company: { id: companyId, name: 'Sandbox Clinic' },
    dataset: { id: one.datasetId, name: dataset?.name ?? '' },
    promote_image_id: null,
  };
}

/** What is set up once: datasets, the applications connected to them, and the receiver of their webhooks. */
import { randomBytes } from 'node:crypto';
import type { Router } from 'express';
import { z } from 'zod';
import { APPLICATIONS, missingFor } from './applications.ts';
import { notFound, oneError, refuse } from './errors.ts';
import { orNull, readFields, text } from './fields.ts';
import { pageOf } from './paging.ts';
import type { Simulator } from './simulator.ts';
import { webhookSettings } from './webhooks.ts';
import { type Dataset, newDataset } from './world.ts';

const days = orNull(z.int().min(1).max(365));
const dataset = z.object({ name: text(512), expire_images_after_days: days, expire_metadata_after_days: days });
const attachment = z.object({ dataset_id: z.string() });

export function addDatasetRoutes(router: Router, { world, options }: Simulator): void {
  const { datasets } = world;
  const tell = (one: Dataset) => tellDataset(one, options.companyId);

  router.post('/api/v1/companies/:company/datasets/', (request, response) => {
    const read = readFields(dataset, request.body);
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const { name, expire_images_after_days, expire_metadata_after_days } = read.fields;
    const made = newDataset(name, {
      expireImagesAfterDays: expire_images_after_days,
      expireMetadataAfterDays: expire_metadata_after_days,
    });
    datasets.set(made.id, made);
    response.status(201).json(tell(made));
  });

  router.get('/api/v1/companies/:company/datasets/', (request, response) => {
    const items = [...datasets.values()];
    const page = pageOf(request, {
      items,
      searched: ({ name }) => name,
      orderings: { name: ({ name }) => name },
      tell,
    });
    return page ? void response.json(page) : notFound(response, 'Invalid page.');
  });

  router.get('/api/v1/companies/:company/datasets/:dataset/', (request, response) => {
    const found = datasets.get(request.params.dataset);
    return found ? void response.json(tell(found)) : notFound(response);
  });

  router.get('/api/v1/companies/:company/applications/', (request, response) => {
    const page = pageOf(request, {
      items: APPLICATIONS,
      searched: ({ name }) => name,
      orderings: { name: ({ name }) => name },
      tell: ({ id, name, tech_name }) => ({ id, name, tech_name }),
    });
    return page ? void response.json(page) : notFound(response, 'Invalid page.');
  });

  router.post('/api/v1/companies/:company/applications/:name/attach-to-dataset/', (request, response) => {
    const application = APPLICATIONS.find(({ tech_name }) => tech_name === request.params.name);
    const read = readFields(attachment, request.body);
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const found = datasets.get(read.fields.dataset_id);
    if (!application || !found) {
      return notFound(response);
    }
    const missing = missingFor(application, found.applications);
    if (missing.length > 0 && request.query.resolve_dependencies !== 'true') {
      const extra = { missing_application_tech_names: missing, missing_algorithms: [] };
      return refuse(response, 400, oneError('missing_dependencies', 'Missing dependencies.', null, extra));
    }
    found.applications = [...new Set([...found.applications, ...missing, application.tech_name])];
    response.json(tell(found));
  });

  router.post('/api/v1/companies/:company/datasets/:dataset/webhooks/', (request, response) => {
    const found = datasets.get(request.params.dataset);
    const read = readFields(webhookSettings, request.body);
    if (!found) {
      return notFound(response);
    }
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    // A dataset has one; what a second one does is not documented, here it takes the first one's place.
    found.webhook = read.fields;
    response.status(201).json({ ...read.fields, secret_key: `whs_${randomBytes(18).toString('base64url')}` });
  });
}

function tellDataset(one: Dataset, companyId: string): object {
  const part = (name: string, tech_name: string) => ({ id: 1, name, tech_name });
  return {
    id: one.id,
    company_id: companyId,
    name: one.name,
    image_type: {
      ...part('Selfie', 'selfie'),
      sides: [part('Front', 'front')],
      lights: [part('Regular', 'regular')],
    },
    image_type_name: 'Selfie',
    image_type_tech_name: 'selfie',
    connected_applications: one.applications,
    expire_images_after_days: one.expireImagesAfterDays,
    expire_metadata_after_days: one.expireMetadataAfterDays,
  };
}

/** Applications, their versions, and the documents of a version. */
import { createHash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import { invalid, refuse } from './answers.ts';
import { type Application, tellVersion, type Version } from './applications.ts';
import { pageOf } from './lists.ts';
import type { Simulator } from './simulator.ts';

/** Seconds that a redirection to the storage is good for. */
const URL_SECONDS = 300;

/** The one document that each version has. */
export const DOCUMENT = { name: 'release-notes.md', mimeType: 'text/markdown' } as const;

export function addApplicationRoutes(api: Router, simulator: Simulator): void {
  const { applications, options, signer } = simulator;

  api.get('/v1/applications', (request, response) => {
    const found = pageOf(request, {
      items: [...applications.values()],
      fields: {
        application_id: ({ id }) => id,
        name: ({ name }) => name,
        description: ({ description }) => description,
        regulatory_classes: ({ regulatoryClasses }) => JSON.stringify(regulatoryClasses),
      },
      unsorted: ({ name }) => name,
      sizeName: 'page-size',
    });
    if ('problems' in found) {
      return invalid(response, found.problems);
    }
    response.json(
      found.page.map((application) => {
        const [latest] = application.versions;
        return { ...about(application), latest_version: briefly(latest) };
      }),
    );
  });

  api.get('/v1/applications/:application_id', (request, response) => {
    const application = applications.get(request.params.application_id);
    if (!application) {
      return refuse(response, 404, 'application not found');
    }
    response.json({ ...about(application), versions: application.versions.map(briefly) });
  });

  function versionOf(request: Request, response: Response): Version | undefined {
    const { application_id: id = '', version = '' } = request.params;
    const found = applications.get(String(id))?.versions.find(({ number }) => number === version);
    if (!found) {
      refuse(response, 404, 'application version not found');
    }
    return found;
  }

  api.get('/v1/applications/:application_id/versions/:version', (request, response) => {
    const version = versionOf(request, response);
    if (version) {
      response.json(tellVersion(version));
    }
  });

  if (options.spec === '1.4') {
    return;
  }
  const documents = '/v1/applications/:application_id/versions/:version/documents';
  api.get(documents, (request, response) => {
    const version = versionOf(request, response);
    if (version) {
      response.json([tellDocument(request, version)]);
    }
  });
  api.get([`${documents}/:name`, `${documents}/:name/file`, `${documents}/:name/content`], (request, response) => {
    const version = versionOf(request, response);
    if (!version) {
      return;
    }
    if (request.params.name !== DOCUMENT.name) {
      return refuse(response, 404, 'document not found');
    }
    const [, kind] = /\/(file|content)$/.exec(request.path) ?? [];
    if (kind === undefined) {
      response.json(tellDocument(request, version));
      return;
    }
    const disposition = { 'response-content-disposition': `attachment; filename="${DOCUMENT.name}"` };
    const path = `/documents/${request.params.application_id}/${version.number}/${DOCUMENT.name}`;
    const location = signer.sign(path, URL_SECONDS, kind === 'file' ? disposition : {});
    response.status(307).set({ Location: location, 'Cache-Control': 'no-store' }).end();
  });
}

const briefly = ({ number, releasedAt }: Version) => ({ number, released_at: releasedAt });

const about = ({ id, name, regulatoryClasses, description }: Application) => ({
  application_id: id,
  name,
  regulatory_classes: regulatoryClasses,
  description,
});

function tellDocument(request: Request, { number, releasedAt }: Version): object {
  const hash = createHash('sha256').update(`${request.params.application_id} ${number}`).digest('hex');
  const id = hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
  const { name, mimeType } = DOCUMENT;
  return { id, name, mime_type: mimeType, visibility: 'public', created_at: releasedAt, updated_at: releasedAt };
}

/** FHIR answers over HTTP: status, ETag, Last-Modified, Location, `Prefer`, and errors as OperationOutcome. */
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import { statusOf } from './outcomes.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

/** What need not be a resource of R4. */
export function sendJson(response: Response, status: number, body: object): void {
  response.status(status).set('Content-Type', FHIR_JSON).send(JSON.stringify(body));
}

const send = (response: Response, status: number, body: Resource): void => sendJson(response, status, body);

export function sendOutcome(response: Response, result: OperationOutcome): void {
  const status = statusOf(result);
  if (status === 304) {
    response.status(304).end();
    return;
  }
  if (status === 401) {
    response.set('WWW-Authenticate', 'Bearer');
  }
  send(response, status, result);
}

/** The headers that say which version of which resource this is. */
function setVersion(response: Response, resource: Resource, location: string | undefined): void {
  const { versionId, lastUpdated } = resource.meta ?? {};
  if (versionId && resource.resourceType !== 'Bundle') {
    response.set('ETag', `W/"${versionId}"`);
    if (location) {
      response.set('Location', `${location}/${resource.resourceType}/${resource.id}/_history/${versionId}`);
    }
  }
  if (lastUpdated && resource.resourceType !== 'Bundle') {
    response.set('Last-Modified', new Date(lastUpdated).toUTCString());
  }
}

/** `location`: the server's base, where the resource was written. */
export function sendResource(
  request: Request,
  response: Response,
  answer: { status: number; resource: Resource; location?: string },
): void {
  const { status, resource, location } = answer;
  setVersion(response, resource, location);
  const prefer = location ? (request.get('prefer') ?? '') : '';
  if (prefer.includes('return=minimal')) {
    response.status(status).end();
  } else if (prefer.includes('return=OperationOutcome')) {
    const text = status === 201 ? 'Created' : 'OK';
    const issue = [{ severity: 'information' as const, code: 'informational' as const, details: { text } }];
    send(response, status, { resourceType: 'OperationOutcome', issue });
  } else {
    send(response, status, resource);
  }
}

/** Bytes under exactly their content type: Express would claim UTF-8 for every text, and a Latin-1 note is none. */
export function sendPlain(response: Response, contentType: string, bytes: Buffer): void {
  response.status(200).setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

/** Raw bytes of a Binary, under the same version headers. */
export function sendBytes(response: Response, resource: Resource, contentType: string, bytes: Buffer): void {
  setVersion(response, resource, undefined);
  sendPlain(response, contentType, bytes);
}

/** Reads and writes of single resources, and Bundles that are only read. */
import { isOk, notModified } from '@medplum/core';
import type { FhirResponse } from '@medplum/fhir-router';
import type { Bundle } from '@medplum/fhirtypes';
import type { Request } from 'express';
import { bytesOf, wantsBytes } from './binary.ts';
import type { Call, Server } from './call.ts';
import { refuse } from './outcomes.ts';
import { sendBytes, sendOutcome, sendResource } from './respond.ts';
import { wasCreated } from './transactions.ts';
import type { Change } from './types.ts';

function checkIfMatch(request: Request): void {
  const value = request.get('if-match');
  if (value && !/^(W\/)?"[^"]+"$/.test(value)) {
    throw refuse('invalid', 'invalid', 'If-Match must be an entity tag such as W/"1"');
  }
}

/** One request through the library's router, alone. */
async function route(server: Server, call: Call, body: unknown): Promise<{ answer: FhirResponse; changes: Change[] }> {
  const { method, segments, words } = call;
  const path = `/${segments.join('/')}${words.size > 0 ? `?${words}` : ''}`;
  const { headers } = call.request;
  const { result, changes } = await server.run(() =>
    server.router.handleRequest(
      { method, url: path, pathname: '', params: {}, query: {}, body, headers },
      server.repository,
    ),
  );
  return { answer: result, changes };
}

export async function write(server: Server, call: Call, body: unknown): Promise<void> {
  checkIfMatch(call.request);
  const { answer, changes } = await route(server, call, body);
  const [result, resource] = answer;
  if (!isOk(result) || !resource) {
    return sendOutcome(call.response, result);
  }
  if (resource.resourceType === 'Subscription' && resource.id) {
    server.topics?.keepSecret(resource.id, call.request.get('x-hub-secret'));
  }
  const status = wasCreated(resource, changes) ? 201 : 200;
  // Who wrote a Binary has its bytes; they are not sent back.
  const served = resource.resourceType === 'Binary' ? { ...resource, data: undefined } : server.toServed(resource);
  sendResource(call.request, call.response, { status, resource: served, location: server.base() });
}

export async function read(server: Server, call: Call): Promise<void> {
  const { request, response, segments } = call;
  const { answer } = await route(server, call, undefined);
  const [result, resource] = answer;
  if (!isOk(result) || !resource) {
    return sendOutcome(response, result);
  }
  if (segments.length === 2 && request.get('if-none-match') === `W/"${resource.meta?.versionId}"`) {
    return sendOutcome(response, notModified);
  }
  if (resource.resourceType === 'Binary' && wantsBytes(request, resource)) {
    return sendBytes(response, resource, resource.contentType, bytesOf(resource));
  }
  sendResource(request, response, { status: 200, resource: server.toServed(resource) });
}

export async function sendBundle(server: Server, call: Call, make: () => Promise<Bundle> | Bundle): Promise<void> {
  const { result } = await server.run(async () => make());
  sendResource(call.request, call.response, { status: 200, resource: server.toServed(result) });
}

export async function presigned(server: Server, call: Call, id: string): Promise<void> {
  const { result } = await server.run(async () => server.repository.readResource('Binary', id));
  const parameter = [{ name: 'url', valueUri: server.presigner.url(result) }];
  sendResource(call.request, call.response, { status: 200, resource: { resourceType: 'Parameters', parameter } });
}

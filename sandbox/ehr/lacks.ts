/**
 * Servers that can do less, or answer otherwise: a layer around the API that takes away from what comes in and from what
 * goes out, so that the server behind it needs to know nothing of it.
 */
import { isResource } from '@medplum/core';
import type { Bundle, BundleEntry, CapabilityStatement, Resource } from '@medplum/fhirtypes';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { outcome } from './outcomes.ts';
import { sendOutcome } from './respond.ts';
import type { Lacks } from './types.ts';

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) || typeof body === 'string' ? body.toString() : '');
  } catch {
    return undefined;
  }
}

const isBundle = (value: unknown): value is Bundle => isResource<Bundle>(value, 'Bundle');

/** The words in which servers say that a Bundle is too large. */
const TOO_MANY = {
  'content-too-large': () => outcome('content-too-large', 'too-long', 'Payload too large'),
  'too-costly': () => outcome('invalid', 'too-costly', 'The transaction is too expensive'),
  azure: (most: number) =>
    outcome('invalid', 'invalid', `The number of entries in the bundle exceeded the configured limit of ${most}.`),
} as const;

/** A resource as a server without versions gives it. */
function unversioned<T extends Resource>(value: T): T {
  return value.meta ? { ...value, meta: { ...value.meta, versionId: undefined } } : value;
}

const withoutHistory = (location: string): string => location.replace(/\/_history\/[^/]*$/, '');

/** Answers of writes, one or many, and what is read. */
function answered(value: unknown, lacks: Lacks, statusOf: (status: number) => number): unknown {
  if (isResource<CapabilityStatement>(value, 'CapabilityStatement')) {
    return stated(value, lacks);
  }
  if (!isResource(value)) {
    return value;
  }
  const plain = lacks.versions ? unversioned(value) : value;
  if (!isBundle(plain)) {
    return plain;
  }
  const entry = plain.entry?.map((one): BundleEntry => {
    const { resource, response } = one;
    const { status = '', location } = response ?? {};
    return {
      ...one,
      ...(resource && lacks.versions && { resource: unversioned(resource) }),
      ...(response && {
        response: {
          ...response,
          status: `${statusOf(Number.parseInt(status, 10))}`,
          ...(lacks.versions && { etag: undefined, location: location && withoutHistory(location) }),
        },
      }),
    };
  });
  return { ...plain, ...(entry && { entry }) };
}

function stated(statement: CapabilityStatement, lacks: Lacks): CapabilityStatement {
  const refused = lacks.typesSaid === 'declared' ? (lacks.types ?? []) : [];
  return {
    ...statement,
    rest: statement.rest?.map((rest) => ({
      ...rest,
      resource: rest.resource
        ?.filter(({ type }) => !refused.includes(type))
        .map((one) => ({
          ...one,
          ...(lacks.versions && { versioning: 'no-version' as const }),
          ...(lacks.conditionalCreate && { conditionalCreate: false }),
        })),
    })),
  };
}

/** The first of the types that a request would write and this server does not take. */
function refusedType(request: Request, body: unknown, types: readonly string[]): string | undefined {
  if (request.method !== 'POST' && request.method !== 'PUT') {
    return undefined;
  }
  const [, type = ''] = request.path.split('/');
  const written = isBundle(body) ? (body.entry ?? []).map(({ resource }) => resource?.resourceType ?? '') : [type];
  return written.find((one) => types.includes(one));
}

function lessRequest(request: Request, body: unknown, lacks: Lacks): void {
  if (lacks.representation) {
    request.headers.prefer = 'return=minimal';
  }
  if (lacks.versions) {
    delete request.headers['if-match'];
  }
  if (lacks.conditionalCreate) {
    delete request.headers['if-none-exist'];
  }
  if (isBundle(body)) {
    const entry = body.entry?.map((one) => ({
      ...one,
      ...(one.request && {
        request: {
          ...one.request,
          ...(lacks.versions && { ifMatch: undefined }),
          ...(lacks.conditionalCreate && { ifNoneExist: undefined }),
        },
      }),
    }));
    request.body = Buffer.from(JSON.stringify({ ...body, entry }));
  }
}

function lessResponse(response: Response, lacks: Lacks): void {
  const { status, set, send } = response;
  const statusOf = (code: number): number =>
    lacks.created && code === 201 ? 200 : lacks.preconditionFailed && code === 412 ? 409 : code;
  response.status = (code) => status.call(response, statusOf(code));
  response.set = (name: unknown, value?: unknown) => {
    if (lacks.versions && name === 'ETag') {
      return response;
    }
    const kept = lacks.versions && name === 'Location' ? withoutHistory(String(value)) : value;
    return Reflect.apply(set, response, [name, kept]);
  };
  response.send = (body) => {
    const value = parsed(body);
    return send.call(response, value ? JSON.stringify(answered(value, lacks, statusOf)) : body);
  };
}

/** The API with less; reads the bodies, of at most `bodyBytes`. */
export function lesser(api: Router, lacks: Lacks, bodyBytes: number): Router {
  const { entries, entriesSaid = 'content-too-large', types = [], typesSaid } = lacks;
  const reduce: RequestHandler = (request, response, next) => {
    const body = parsed(request.body);
    lessResponse(response, lacks);
    if (entries !== undefined && isBundle(body) && (body.entry?.length ?? 0) > entries) {
      return sendOutcome(response, TOO_MANY[entriesSaid](entries));
    }
    const refused = refusedType(request, body, types);
    if (refused !== undefined) {
      const named = outcome('invalid', 'not-supported', `Resource type ${refused} is not supported`);
      return sendOutcome(response, typesSaid === 'bare' ? outcome('forbidden', 'forbidden', 'Forbidden') : named);
    }
    lessRequest(request, body, lacks);
    next();
  };
  const http = Router();
  http.use(express.raw({ type: () => true, limit: bodyBytes }));
  http.use(reduce);
  http.use(api);
  return http;
}

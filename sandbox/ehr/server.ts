/** The FHIR REST API: HTTP in front of the FhirRouter, with what that leaves open. */
import { setTimeout as delay } from 'node:timers/promises';
import { normalizeOperationOutcome, OperationOutcomeError } from '@medplum/core';
import type { HttpMethod } from '@medplum/fhir-router';
import express, { type ErrorRequestHandler, type Request, type Response, type Router } from 'express';
import { rawBinary } from './binary.ts';
import { bodyOf, formOf, jsonOf, readBody } from './body.ts';
import type { Call, Server } from './call.ts';
import { capabilityStatement } from './capability.ts';
import { definitions } from './definitions.ts';
import { historyOf } from './history.ts';
import { presigned, read, sendBundle, write } from './interactions.ts';
import { outcome, refuse } from './outcomes.ts';
import { sendJson, sendOutcome } from './respond.ts';
import { submit } from './submit.ts';
import { serveWebSocketCall } from './websocket-calls.ts';

const METHODS = new Set<string>(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const isMethod = (method: string): method is HttpMethod => METHODS.has(method);
const pause = (ms: number): Promise<void> => delay(ms, undefined, { ref: false });

function checkType(segment: string | undefined): void {
  if (segment && !definitions().know(segment)) {
    throw refuse('not-found', 'not-supported', `Unknown resource type '${segment}'`);
  }
}

const isFresh = (request: Request): boolean => /no-cache|no-store/.test(request.get('cache-control') ?? '');

/** The API, to be mounted at the FHIR base; reads its own bodies. */
export function serve(server: Server): Router {
  const { manner, transactions, base, store, bundles, fault } = server;

  function get(call: Call): Promise<void> {
    const { segments, words } = call;
    const [type = '', id, part] = segments;
    if (type === '' && words.has('_getpages')) {
      return sendBundle(server, call, () => bundles.page(words));
    }
    checkType(type);
    if (type === '') {
      throw refuse('invalid', 'not-supported', 'A search across all types is not supported');
    }
    if (id === undefined) {
      return sendBundle(server, call, () => bundles.search(type, words, isFresh(call.request)));
    }
    if (id === '_history') {
      return sendBundle(server, call, () => historyOf(store, base(), type, undefined, words));
    }
    if (part === '_history' && segments.length === 3) {
      return sendBundle(server, call, () => historyOf(store, base(), type, id, words));
    }
    if (type === 'Binary' && part === '$presigned-url' && manner === 'medplum') {
      return presigned(server, call, id);
    }
    return read(server, call);
  }

  function post(call: Call): Promise<void> {
    const { segments, request } = call;
    const [type = '', id] = segments;
    if (type === '') {
      return submit(server, call);
    }
    checkType(type);
    if (id === '_search') {
      const words = new URLSearchParams([...call.words, ...formOf(request)]);
      return sendBundle(server, call, () => bundles.search(type, words, isFresh(call.request)));
    }
    return write(
      server,
      call,
      type === 'Binary' ? (rawBinary(request, bodyOf(request)) ?? jsonOf(request)) : jsonOf(request),
    );
  }

  async function dispatch(call: Call): Promise<void> {
    const { method, segments, request } = call;
    const [type, id] = segments;
    const ofTopics = server.topics?.answer({ ...call, body: () => jsonOf(request) });
    if (ofTopics) {
      return sendJson(call.response, 200, ofTopics);
    }
    if (method === 'GET') {
      return get(call);
    }
    if (method === 'POST') {
      return post(call);
    }
    checkType(type);
    if (method === 'DELETE') {
      return write(server, call, undefined);
    }
    const raw = type === 'Binary' && method === 'PUT' ? rawBinary(request, bodyOf(request), id) : undefined;
    return write(server, call, raw ?? jsonOf(request));
  }

  function isAllowed(request: Request): boolean {
    const token = /^Bearer (.+)$/i.exec(request.get('authorization') ?? '')?.[1];
    return !server.tokens || (token !== undefined && server.tokens.includes(token));
  }

  async function handle(request: Request, response: Response): Promise<void> {
    const url = new URL(request.url, 'http://localhost');
    const segments = url.pathname.split('/').filter((each) => each !== '');
    if (fault('unavailable-503')) {
      response.set('Retry-After', '1');
      return sendOutcome(response, outcome('unavailable', 'transient', 'Temporarily unavailable'));
    }
    if (fault('slow')) {
      await pause(server.faultMs);
    }
    if (segments[0] === 'metadata' && request.method === 'GET') {
      const { started, tokens } = server;
      const topics = server.topics?.capability();
      const secured = Boolean(tokens);
      const statement = capabilityStatement({ manner, transactions, base: base(), started, secured, topics });
      // R4's definitions know no later version than their own.
      return sendJson(response, 200, { ...statement, ...(topics && { fhirVersion: topics.fhirVersion }) });
    }
    if (!isAllowed(request)) {
      throw new OperationOutcomeError(outcome('unauthorized', 'login', 'Unauthorized'));
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (!isMethod(method)) {
      throw refuse('invalid', 'not-supported', `Method ${request.method} is not supported`);
    }
    const call: Call = { method, segments, words: url.searchParams, request, response };
    if (!(server.webSockets && serveWebSocketCall(server, server.webSockets, call))) {
      await dispatch(call);
    }
  }

  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    const tooLarge = error?.type === 'entity.too.large';
    const result = tooLarge
      ? outcome('content-too-large', 'too-long', 'The body is too large')
      : normalizeOperationOutcome(error);
    sendOutcome(response, result);
  };

  const http = express.Router();
  http.use(readBody(server.bodyBytes));
  http.use(handle);
  http.use(onError);
  return http;
}

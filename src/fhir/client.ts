/**
 * One site's FHIR server, as the rest of the house sees it.
 *
 * Not on MedplumClient: tried with its login, cache, batching and retries off, it still dropped what writes need (ETag,
 * Location and Date; an empty answer became `undefined`, a 304 the resource as sent), forgot its token after a 401 and
 * printed a body it could not parse. Its types are used, and the rest of @medplum/core elsewhere in this room.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binary, Bundle, Resource } from '@medplum/fhirtypes';
import type { FhirConfig } from '../config/schema.ts';
import { AdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Asked, isJson, protocolError, resourceOf } from './answer.ts';
import { authorize } from './auth/authorize.ts';
import type { TokenReport } from './auth/renewing-token.ts';
import { openWire, type Reply } from './fetch.ts';
import { fetchBytes } from './fetch-bytes.ts';
import { openKnowledge } from './knowledge.ts';
import { etagVersion, locatedId, withVersion } from './location.ts';
import { pages } from './pages.ts';
import { type Ask, openRequester } from './request.ts';
import type { FhirClient, Saved } from './types.ts';
import { siteUrls } from './urls.ts';

export interface FhirClientOptions {
  site: string;
  config: FhirConfig;
  log: Log;
  now?: () => Date;
  /** In [0, 1): the jitter's dice. */
  random?: () => number;
  /** Waits between two tries; rejects when the signal aborts. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The site has a vendor whose results are about other people: the token has to cover those, too. */
  others?: boolean;
  /** Bytes of an answer at most. Default 64 MB. */
  limit?: number;
}

export interface OpenFhirClient extends FhirClient {
  /** GET of an operation that answers with one resource: `Subscription/1/$get-ws-binding-token`. */
  operation<T extends Resource>(answer: T['resourceType'], path: string): Promise<T>;
  /** Ends waits at once, lets requests in flight finish for some seconds, closes the connections. */
  close(): Promise<void>;
  /** What the token server granted, asking it for a token where there is none; undefined without a token server. */
  tokenReport(): Promise<TokenReport | undefined>;
}

const FHIR_JSON = 'application/fhir+json';
const READING = { Accept: FHIR_JSON };
const WRITING = { Accept: FHIR_JSON, 'Content-Type': FHIR_JSON, Prefer: 'return=representation' };

/** Where a Binary stands now: by the id it was put under, its Location, or the resource in the answer. */
function savedBinary(reply: Reply, put: string | undefined): Saved {
  const asked: Asked = { method: put === undefined ? 'POST' : 'PUT', about: 'Binary', repeatable: put !== undefined };
  const id = put ?? locatedId(reply.headers, 'Binary') ?? resourceOf<Binary>(reply, 'Binary', asked).id;
  if (id === undefined) {
    throw protocolError(asked, 'took a Binary without saying where it stands');
  }
  const version = etagVersion(reply.headers);
  return { type: 'Binary', id, ...(version !== undefined && { version }) };
}

/** Opens the client of one site; makes no request before it is asked for something. */
export function openFhirClient(options: FhirClientOptions): OpenFhirClient {
  const { site, config } = options;
  const now = options.now ?? (() => new Date());
  const log = options.log.child({ site });
  const closing = new AbortController();
  const urls = siteUrls(config.baseUrl, [...config.storageHosts, ...config.slideHosts]);
  const wire = openWire({ timeout: config.timeout, ...(options.limit !== undefined && { limit: options.limit }) });
  const wait = options.wait ?? ((ms, signal) => sleep(ms, undefined, { signal }));
  const parts = { wire, log, now, random: options.random ?? Math.random, wait, signal: closing.signal };
  const authorization = authorize({
    ...{ auth: config.auth, urls, send: openRequester(parts), now, log },
    others: options.others ?? false,
  });
  const send = openRequester({ ...parts, authorization: { ...authorization, covers: urls.isOwn } });
  const sendToOrigin = openRequester({ ...parts, authorization: { ...authorization, covers: urls.isOwnOrigin } });

  const get = (ask: Pick<Ask, 'url' | 'about' | 'headers' | 'accept' | 'mode'>): Promise<Reply> =>
    send({ method: 'GET', mayFollow: urls.isOwn, ...ask, headers: { ...READING, ...ask.headers } });

  async function read<T extends Resource>(type: T['resourceType'], id: string): Promise<T | undefined> {
    const asked: Asked = { method: 'GET', about: type, repeatable: true };
    const reply = await get({ url: urls.below(`${type}/${encodeURIComponent(id)}`), about: type, accept: [404, 410] });
    if (reply.status >= 400) {
      // A proxy without its server answers 404 too, in HTML or text: that must not pass for a deleted order.
      if (reply.text.trim() !== '' && !isJson(reply)) {
        throw protocolError(asked, `answered GET ${type} with a page`, { status: reply.status, kind: 'transient' });
      }
      return undefined;
    }
    return withVersion(resourceOf<T>(reply, type, asked), reply.headers);
  }

  async function search(query: string): Promise<Bundle> {
    const isLink = /^(https?:|\/)/i.test(query);
    const url = isLink ? urls.resolve(query) : urls.below(query);
    const about = /^[A-Z][A-Za-z]+(?=$|[?/])/.exec(query)?.[0] ?? 'search';
    const asked: Asked = { method: 'GET', about, repeatable: true };
    if (!url || !urls.isOwn(url)) {
      throw protocolError(asked, 'names a page of a search that is not its own');
    }
    const reply = await get({ url, about, headers: { 'Cache-Control': 'no-cache' } });
    return resourceOf<Bundle>(reply, 'Bundle', asked);
  }

  /** The resource a write answered with, or, where it answered without, the resource as the server has it now. */
  async function written<T extends Resource>(resource: T, id: string | undefined, reply: Reply, asked: Asked) {
    const type: T['resourceType'] = resource.resourceType;
    let answered: T | undefined;
    try {
      answered = reply.text === '' ? undefined : withVersion(resourceOf<T>(reply, type, asked), reply.headers);
    } catch {
      // An OperationOutcome instead of the resource: some servers do not know `Prefer`.
    }
    const known = answered?.id ?? id ?? locatedId(reply.headers, type);
    if (answered && known !== undefined) {
      return { ...answered, id: known };
    }
    try {
      const saved = known === undefined ? undefined : await read<T>(type, known);
      if (saved) {
        return saved;
      }
    } catch (cause) {
      throw protocolError(asked, `took ${asked.method} ${type}, which could not be read back`, { cause });
    }
    throw protocolError(asked, `took ${asked.method} ${type} without saying what became of it`);
  }

  async function write<T extends Resource>(method: 'POST' | 'PUT', resource: T, path: string, headers: object) {
    const about = resource.resourceType;
    const reply = await send({
      method,
      url: urls.below(path),
      about,
      headers: { ...WRITING, ...headers },
      body: JSON.stringify(resource),
      // Medplum's answer to an update that changes nothing.
      accept: method === 'PUT' ? [304] : [],
    });
    return written(resource, method === 'PUT' ? resource.id : undefined, reply, { method, about, repeatable: false });
  }

  const client: Omit<OpenFhirClient, 'capabilities' | 'serverTime'> = {
    site,
    baseUrl: urls.base,
    read,
    search,
    pages: (query) => pages(search, query, now),
    create: (resource, { ifNoneExist, headers } = {}) =>
      write('POST', resource, resource.resourceType, {
        ...headers,
        ...(ifNoneExist !== undefined && { 'If-None-Exist': ifNoneExist }),
      }),
    saveBytes: async (file, { contentType, id, context }) => {
      const about = 'Binary';
      const repeatable = id !== undefined;
      const reply = await send({
        method: repeatable ? 'PUT' : 'POST',
        url: urls.below(repeatable ? `${about}/${encodeURIComponent(id)}` : about),
        about,
        headers: {
          Accept: FHIR_JSON,
          'Content-Type': contentType,
          // The answer would bring all the bytes back.
          Prefer: 'return=minimal',
          ...(context !== undefined && { 'X-Security-Context': context }),
        },
        body: file,
        repeatable,
        accept: repeatable ? [304] : [],
      });
      return savedBinary(reply, id);
    },
    update: (resource, { ifMatch } = {}) =>
      write(
        'PUT',
        resource,
        `${resource.resourceType}/${encodeURIComponent(resource.id)}`,
        ifMatch === undefined ? {} : { 'If-Match': `W/"${ifMatch}"` },
      ),
    remove: async (type, id) => {
      const url = urls.below(`${type}/${encodeURIComponent(id)}`);
      await send({ method: 'DELETE', url, about: type, headers: READING, accept: [404, 410] });
    },
    submit: async (bundle) => {
      const entries = bundle.entry ?? [];
      const repeatable = bundle.type === 'batch' && entries.every(({ request }) => request?.method === 'GET');
      const about = bundle.type === 'batch' ? 'batch' : 'transaction';
      const headers = { Accept: FHIR_JSON, 'Content-Type': FHIR_JSON };
      const body = JSON.stringify(bundle);
      const reply = await send({ method: 'POST', url: urls.below(''), about, headers, body, repeatable });
      return resourceOf<Bundle>(reply, 'Bundle', { method: 'POST', about, repeatable });
    },
    operation: async <T extends Resource>(answer: T['resourceType'], path: string) => {
      const about = /^[A-Za-z]*/.exec(path)?.[0] ?? 'operation';
      const reply = await get({ url: urls.below(path), about, headers: { 'Cache-Control': 'no-cache' } });
      return resourceOf<T>(reply, answer, { method: 'GET', about, repeatable: true });
    },
    fetchBytes: (url, accept, wish) =>
      fetchBytes(wish?.token === 'origin' ? sendToOrigin : send, urls, url, accept, wish),
    tokenReport: () => authorization.report(),
    close: async () => {
      closing.abort(new AdapterError('shutting-down', 'The adapter is shutting down'));
      await wire.close();
    },
  };
  return { ...client, ...openKnowledge({ client, get, urls, now, log }) };
}

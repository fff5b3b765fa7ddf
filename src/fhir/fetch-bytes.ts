/**
 * Fetches attachments: from the FHIR server with the token, from the site's storage hosts without it, from nowhere else.
 *
 * URLs come from resources, so whoever may write a DocumentReference chooses them: an allow-list of hosts, each redirect
 * judged like a first URL, and no other scheme than http(s).
 */
import type { Binary } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { isJson, isType } from './answer.ts';
import type { Reply } from './fetch.ts';
import type { Ask, Send } from './request.ts';
import type { Fetched } from './types.ts';
import type { SiteUrls } from './urls.ts';

/** Answers of a storage host that a retry does not change; a presigned URL that has expired is among them. */
const REFUSED = [400, 401, 403, 404, 405, 406, 409, 410, 412, 414, 416, 451];

function unavailable(message: string, status?: number): AdapterError {
  const orderer = 'An attachment of this order cannot be fetched';
  return new AdapterError('input-unavailable', message, { orderer, ...(status !== undefined && { status }) });
}

/** A stream whose errors are AdapterErrors; cancelling it lets the connection go. */
function classified(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      } catch (cause) {
        controller.error(new AdapterError('ehr-unreachable', 'The connection broke within an attachment', { cause }));
      }
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

function one(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.byteLength > 0) {
        controller.enqueue(bytes);
      }
      controller.close();
    },
  });
}

function streamed(reply: Reply): Fetched {
  const length = Number(reply.headers.get('content-length') ?? Number.NaN);
  const plain = reply.headers.get('content-encoding') === null;
  return {
    contentType: reply.headers.get('content-type') ?? undefined,
    size: plain && Number.isSafeInteger(length) ? length : undefined,
    body: reply.stream ? classified(reply.stream) : one(new Uint8Array()),
  };
}

/** A Binary that came as a FHIR resource: its data, decoded. Any other JSON is what was asked for. */
function unwrapped(text: string, contentType: string | undefined): Fetched {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isType<Binary>(value, 'Binary')) {
    const bytes = Buffer.from(text, 'utf8');
    return { contentType, size: bytes.byteLength, body: one(bytes) };
  }
  if (value.data === undefined) {
    throw unavailable('A Binary of the FHIR server has no data');
  }
  const bytes = Buffer.from(value.data, 'base64');
  return { contentType: value.contentType, size: bytes.byteLength, body: one(bytes) };
}

/**
 * GET of an attachment. `accept` is the media type wanted; a server that answers with the Binary as JSON is understood.
 *
 * Throws `input-unavailable`, with the status where there was one: after 400, 403, 404 or 410 from storage a presigned
 * URL may have expired, and the resource read again brings a fresh one.
 */
export async function fetchBytes(send: Send, urls: SiteUrls, url: string, accept = '*/*'): Promise<Fetched> {
  const target = urls.resolve(url.trim());
  const allowed = (candidate: URL) => urls.isOwnOrigin(candidate) || urls.isStorage(candidate);
  if (!target || !allowed(target)) {
    throw unavailable('An attachment lies on a host that is not among fhir.storageHosts');
  }
  target.hash = '';
  const own = urls.isOwn(target);
  const ask = (wanted: string, mode: Ask['mode']): Promise<Reply> =>
    send({
      method: 'GET',
      url: target,
      about: own ? 'Binary' : 'attachment',
      headers: { Accept: wanted },
      mode,
      // Of our own server a 401 or 403 is about our rights, not about the attachment.
      accept: own ? [404, 406, 410] : REFUSED,
      mayFollow: allowed,
      ...(!own && { server: 'The storage host' }),
    });

  let reply = await ask(accept === '*/*' ? accept : `${accept}, */*;q=0.1`, 'stream');
  if (own && reply.status === 406) {
    reply = await ask('application/fhir+json', 'stream');
  }
  if (reply.status >= 300) {
    throw unavailable(`An attachment cannot be fetched (${reply.status})`, reply.status);
  }
  if (own && isJson(reply) && !isJsonType(accept)) {
    return unwrapped(await whole(reply), reply.headers.get('content-type') ?? undefined);
  }
  return streamed(reply);
}

const isJsonType = (type: string) => /[/+]json\b/i.test(type);

/** Characters of a Binary as JSON at most; a larger one has to be fetched in its own type. */
const JSON_LIMIT = 256 * 1024 * 1024;

async function whole(reply: Reply): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of streamed(reply).body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > JSON_LIMIT) {
      throw new AdapterError('input-too-large', 'An attachment is too large to be read as a FHIR Binary');
    }
  }
  return text + decoder.decode();
}

/**
 * Fetches attachments: from the FHIR server with the token, from the site's storage hosts without it, from nowhere else.
 *
 * URLs come from resources, so whoever may write a DocumentReference chooses them: an allow-list of hosts, each redirect
 * judged like a first URL, and no other scheme than http(s).
 */
import type { Binary } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import { heard, streamOfBytes } from '../streams.ts';
import { isJson, isType } from './answer.ts';
import type { Reply } from './fetch.ts';
import type { Send } from './request.ts';
import type { Fetched, FetchWish } from './types.ts';
import type { SiteUrls } from './urls.ts';

/** Answers of a storage host that a retry does not change; a presigned URL that has expired is among them. */
const REFUSED = [400, 401, 403, 404, 405, 406, 409, 410, 412, 414, 416, 451];

function unavailable(message: string, status?: number): AdapterError {
  const orderer = 'An attachment of this order cannot be fetched';
  return new AdapterError('input-unavailable', message, { orderer, ...(status !== undefined && { status }) });
}

/** Weak or strong: a proxy that compresses makes the one of the other. */
function versionOf({ headers }: Reply): { version?: string } {
  const version = headers.get('etag')?.replace(/^W\//, '') ?? headers.get('last-modified') ?? undefined;
  return version === undefined ? {} : { version };
}

const CONTENT_RANGE = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/;

/** Which part of the file a 206 brings. Throws where it does not say, or where it is another than was asked for. */
function rangeOf(reply: Reply, wanted: FetchWish['range']): Pick<Fetched, 'range'> {
  if (reply.status !== 206) {
    return {};
  }
  const [, first, last, whole] = CONTENT_RANGE.exec(reply.headers.get('content-range')?.trim() ?? '') ?? [];
  const range = { start: Number(first), end: Number(last) + 1, of: Number(whole) };
  const isWanted = wanted && range.start === wanted.start && range.end === Math.min(wanted.end, range.of);
  if (!isWanted || reply.headers.get('content-encoding') !== null) {
    throw unavailable('The server gives other parts of an attachment than it is asked for');
  }
  return { range };
}

function streamed(reply: Reply, wanted?: FetchWish['range']): Fetched {
  const length = Number(reply.headers.get('content-length') ?? Number.NaN);
  const plain = reply.headers.get('content-encoding') === null;
  const range = rangeOf(reply, wanted);
  const { stream } = reply;
  return {
    contentType: reply.headers.get('content-type') ?? undefined,
    size: plain && Number.isSafeInteger(length) ? length : undefined,
    body: stream ? heard(stream) : streamOfBytes(new Uint8Array()),
    ...range,
    ...versionOf(reply),
  };
}

/** Lets an answer go that is not read. */
function drop({ stream }: Reply): void {
  if (stream) {
    heard(stream).destroy();
  }
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
    return { contentType, size: bytes.byteLength, body: streamOfBytes(bytes) };
  }
  if (value.data === undefined) {
    throw unavailable('A Binary of the FHIR server has no data');
  }
  const bytes = Buffer.from(value.data, 'base64');
  return { contentType: value.contentType, size: bytes.byteLength, body: streamOfBytes(bytes) };
}

/**
 * GET of an attachment. `accept` is the media type wanted; a server that answers with the Binary as JSON is understood.
 * A server that gives no parts of files gives the whole, without `range`. `send` is one that has the token of the wish.
 *
 * Throws `input-unavailable`, with the status where there was one: after 400, 403, 404 or 410 from storage a presigned
 * URL may have expired, and the resource read again brings a fresh one. 416: it is shorter than the range begins.
 */
export async function fetchBytes(
  send: Send,
  urls: SiteUrls,
  url: string,
  accept = '*/*',
  { range, token = 'base' }: FetchWish = {},
): Promise<Fetched> {
  const target = urls.resolve(url.trim());
  const allowed = (candidate: URL) => urls.isOwnOrigin(candidate) || urls.isStorage(candidate);
  if (!target || !allowed(target)) {
    throw unavailable('An attachment lies on a host that is not among fhir.storageHosts');
  }
  target.hash = '';
  const own = token === 'origin' ? urls.isOwnOrigin(target) : urls.isOwn(target);
  const part: Record<string, string> = range
    ? { Range: `bytes=${range.start}-${range.end - 1}`, 'Accept-Encoding': 'identity' }
    : {};
  const ask = (wanted: string, headers = {}): Promise<Reply> =>
    send({
      method: 'GET',
      url: target,
      about: own ? 'Binary' : 'attachment',
      headers: { Accept: wanted, ...headers },
      mode: 'stream',
      // Of our own server a 401 or 403 is about our rights, not about the attachment.
      accept: own ? [404, 406, 410, 416] : REFUSED,
      mayFollow: allowed,
      ...(!own && { server: 'The storage host' }),
    });
  const asJson = (reply: Reply) => own && token === 'base' && isJson(reply) && !isJsonType(accept);

  let reply = await ask(accept === '*/*' ? accept : `${accept}, */*;q=0.1`, part);
  if ((own && reply.status === 406) || (reply.status === 206 && asJson(reply))) {
    // A part of a Binary as JSON would be a part of its text.
    drop(reply);
    reply = await ask('application/fhir+json');
  }
  if (reply.status >= 300) {
    throw unavailable(`An attachment cannot be fetched (${reply.status})`, reply.status);
  }
  if (asJson(reply)) {
    const limit = range ? PART_JSON_LIMIT : JSON_LIMIT;
    return {
      ...unwrapped(await whole(reply, limit), reply.headers.get('content-type') ?? undefined),
      ...versionOf(reply),
    };
  }
  try {
    return streamed(reply, range);
  } catch (error) {
    drop(reply);
    throw error;
  }
}

const isJsonType = (type: string) => /[/+]json\b/i.test(type);

/** Characters of a Binary as JSON at most; a larger one has to be fetched in its own type. */
const JSON_LIMIT = 256 * 1024 * 1024;
/** The same of a file that is so large that only parts of it were asked for: each of them would bring it whole. */
const PART_JSON_LIMIT = 24 * 1024 * 1024;

async function whole(reply: Reply, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of streamed(reply).body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > limit) {
      throw new AdapterError('input-too-large', 'An attachment is too large to be read as a FHIR Binary');
    }
  }
  return text + decoder.decode();
}

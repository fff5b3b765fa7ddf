/** What the vendor's refusals mean, by HTTP status: a table, and the words for whoever ordered. */
import type { z } from 'zod';
import { AdapterError, type ErrorCode } from '../../errors.ts';
import type { VendorResponse } from '../http.ts';
import { envelope } from './answers.ts';

interface Meaning {
  code: ErrorCode;
  /** For the operator; the status is added. */
  message: string;
  orderer: string;
  /** Whether the vendor's `user_message` may follow, once cleaned; its `error` and `debug_info` never. */
  quote?: boolean;
}

const INCOMPLETE: Meaning = {
  code: 'vendor-rejected',
  message: 'Hemato.AI refused the request as incomplete',
  orderer: 'Hemato.AI could not work on the order: a picture or the order is incomplete.',
  quote: true,
};

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: INCOMPLETE,
  401: {
    code: 'vendor-unauthorized',
    message: 'Hemato.AI refused the credentials, also with a new token',
    orderer: 'The AI service does not accept our credentials; the order waits for the operator of the adapter.',
  },
  403: {
    code: 'vendor-unauthorized',
    message: 'Hemato.AI does not allow this: role or region',
    orderer: 'Hemato.AI is not available for this site; the order waits for the operator of the adapter.',
  },
  404: {
    code: 'vendor-rejected',
    message: 'Hemato.AI does not know the study or the path',
    orderer: 'The study of this order was lost at Hemato.AI.',
  },
  405: {
    code: 'vendor-rejected',
    message: 'Hemato.AI does not offer this path',
    orderer: 'Hemato.AI does not offer what was asked for.',
  },
  409: {
    code: 'vendor-rejected',
    message: 'Hemato.AI has locked the study',
    orderer: 'Hemato.AI takes no more pictures of this order; it has to be ordered again.',
  },
  413: {
    code: 'input-too-large',
    message: 'Hemato.AI refused a picture as too large',
    orderer: 'A picture is too large for Hemato.AI; please export it smaller.',
    quote: true,
  },
  415: {
    code: 'input-unsupported',
    message: 'Hemato.AI refused the type of a picture',
    orderer: 'Hemato.AI cannot read a picture; please export it as JPEG or PNG.',
    quote: true,
  },
  422: INCOMPLETE,
};

/** Refusals that are read here; every other status that is not 2xx is the HTTP client's to classify. */
export const READ_STATUSES: readonly number[] = [
  ...Array.from({ length: 100 }, (_, index) => 200 + index),
  ...Object.keys(MEANINGS).map(Number),
];

export const isTaken = ({ status }: Pick<VendorResponse, 'status'>): boolean => status >= 200 && status < 300;

const LONGEST_QUOTE = 200;

/** A sentence of the vendor's as it may stand in a Task: one short line without markup, addresses or control characters. */
export function cleanMessage(message: string): string {
  const plain = message
    .replace(/<[^>]*>/g, ' ')
    .replace(/\b[a-z]+:\/\/\S+/gi, ' ')
    .replace(/[\p{C}<>]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return Array.from(plain).slice(0, LONGEST_QUOTE).join('');
}

function quoteOf(response: VendorResponse): string {
  try {
    return cleanMessage(envelope.parse(response.json()).user_message ?? '');
  } catch {
    // A proxy's page: the status alone has to do.
    return '';
  }
}

/** The error of an answer that is not 2xx. */
export function refusalOf(response: VendorResponse): AdapterError {
  const { status } = response;
  const { code, message, orderer, quote } = MEANINGS[status] ?? INCOMPLETE;
  const words = quote ? quoteOf(response) : '';
  const said = words === '' ? orderer : `${orderer} It says: “${words}”`;
  const remedy = code.startsWith('input-') ? 'fail' : undefined;
  return new AdapterError(code, `${message} (${status})`, { status, orderer: said, ...(remedy && { remedy }) });
}

/** The `results` of an answer, by their schema; `vendor-protocol`, ambiguous where the call must not be repeated. */
export function resultsOf<T extends z.ZodType>(
  schema: T,
  response: VendorResponse,
  what: string,
  once = false,
): z.output<T> {
  const read = schema.safeParse(envelope.safeParse(response.json()).data?.results);
  if (!read.success) {
    throw new AdapterError('vendor-protocol', `Hemato.AI answered ${what} in an unknown shape`, {
      kind: once ? 'ambiguous' : 'permanent',
      orderer: 'Hemato.AI gave an answer that cannot be understood.',
    });
  }
  return read.data;
}

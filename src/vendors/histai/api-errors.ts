/** Which refusal an answer is, and the error that is made of it. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { VendorResponse } from '../http.ts';
import { type DatahubCode, type Meaning, REFUSALS, UNNAMED } from './refusals.ts';

/** What a call gives instead of its answer, where the caller asked to be told of this refusal. */
export interface Refused<Code extends DatahubCode = DatahubCode> {
  refused: Code;
}

/** Refusals that are read here; every other status that is not 2xx is the HTTP client's to classify. */
export const READ_STATUSES: readonly number[] = [
  ...Array.from({ length: 100 }, (_, index) => 200 + index),
  ...Object.keys(UNNAMED).map(Number),
];

const isCode = (text: string): text is DatahubCode => Object.hasOwn(REFUSALS, text);

const text = z.string().optional().catch(undefined);
const body = z.object({
  code: text,
  errorCode: text,
  error_code: text,
  detail: text,
  error: z
    .union([z.string(), z.object({ code: text }).transform(({ code }) => code)])
    .optional()
    .catch(undefined),
});

/**
 * The vendor's code in an error's body, of which the documents do not say the shape: `{code}`, `{error:{code}}`,
 * `{errorCode}` or `{detail}`. Undefined where there is none; never any other text.
 */
export function codeOf(response: VendorResponse): string | undefined {
  const { code, error, errorCode, error_code, detail } = body.safeParse(readJson(response)).data ?? {};
  return [code, error, errorCode, error_code, detail].find(
    (one) => one !== undefined && /^[A-Z][A-Z_]{2,39}$/.test(one),
  );
}

function readJson(response: VendorResponse): unknown {
  try {
    return response.json();
  } catch {
    // A proxy's page: the status alone has to do.
    return undefined;
  }
}

/** Which row of the table an answer is; a code at another status than its own is not believed. */
export function refusalOf(response: VendorResponse): DatahubCode | undefined {
  const code = codeOf(response);
  if (code !== undefined && isCode(code) && REFUSALS[code].status === response.status) {
    return code;
  }
  const usual = UNNAMED[response.status];
  return typeof usual === 'string' ? usual : undefined;
}

/** The error of an answer in `READ_STATUSES` that is not 2xx. `once`: the call must not be repeated. */
export function errorOf(response: VendorResponse, once = false): AdapterError {
  const { status } = response;
  const known = refusalOf(response);
  const row = known ?? UNNAMED[status] ?? 'INVALID_PARAMETERS';
  const meaning: Meaning = typeof row === 'string' ? REFUSALS[row] : row;
  const { code, kind, remedy, message, orderer, operator } = meaning;
  const said = codeOf(response);
  return new AdapterError(code, `${message} (${said === undefined ? status : `${status} ${said}`})`, {
    status,
    kind: once && status === 409 && known === undefined ? 'ambiguous' : kind,
    orderer,
    ...(remedy && { remedy }),
    ...(operator !== undefined && { operator }),
  });
}

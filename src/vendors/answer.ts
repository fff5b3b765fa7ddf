/** Reading a vendor's answer by a schema of its folder. */
import type { z } from 'zod';
import { AdapterError, type ErrorKind } from '../errors.ts';
import type { VendorResponse } from './http.ts';

/**
 * Reads what `vendor` answers: the body as the schema has it. Throws `vendor-protocol` (permanent, unless the caller knows
 * better) where it is of another shape; the message names the fields that are wrong, never a value.
 */
export function answersOf(vendor: string) {
  return <T extends z.ZodType>(
    schema: T,
    response: VendorResponse,
    what: string,
    kind: ErrorKind = 'permanent',
  ): z.output<T> => {
    const read = schema.safeParse(response.json());
    if (!read.success) {
      const where = read.error.issues.map(({ path }) => path.slice(0, 2).join('.')).join(', ');
      const message = `${vendor} answered ${what} in an unknown shape (${where || 'whole'})`;
      throw new AdapterError('vendor-protocol', message, { kind });
    }
    return read.data;
  };
}

/** The names of files in a storage. They become paths and URLs, so only ours have a form that passes. */
import { AdapterError } from '../errors.ts';

/** Segments of letters, digits, `_`, `-` and dots, none of which begins with a dot: no `..`, nothing hidden, no drive. */
const FORM = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99})(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,9}$/;
const LONGEST = 400;

export function isKey(text: string): boolean {
  return text.length <= LONGEST && FORM.test(text);
}

/** The key itself. Throws `unexpected` where it is none: that is a defect of ours, or somebody's attempt. */
export function checkedKey(key: string): string {
  if (!isKey(key)) {
    throw new AdapterError('unexpected', 'The name of a stored file has not the form of ours', { kind: 'permanent' });
  }
  return key;
}

/**
 * A cohort's name. Creating a cohort is not idempotent, so a lost one is looked for by its name, which therefore carries a
 * hash of the order's key: not the key, since that holds the EHR's ids. Nothing of the order's content is in it. Pure.
 */
import { createHash } from 'node:crypto';

/** Characters; the Datahub's limit, in UTF-16 units, which is the stricter way to count. */
export const LONGEST_NAME = 200;

const MARK = 'fhir-ai-adapter';

const markOf = (orderKey: string): string =>
  `${MARK}-${createHash('sha256').update(orderKey, 'utf8').digest('hex').slice(0, 24)}`;

/** @param title the site's own words before it, such as its name; cut where they are too long */
export function cohortName(orderKey: string, title = 'Research cohort'): string {
  const mark = markOf(orderKey);
  const words = title
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_NAME - mark.length - 1)
    // A surrogate whose other half was cut off.
    .replace(/[\uD800-\uDBFF]$/, '')
    .trim();
  return words === '' ? mark : `${words} ${mark}`;
}

/** Whether a cohort of this name was made for the order. */
export const isNameOf = (name: string, orderKey: string): boolean =>
  name.trim().split(/\s+/).at(-1) === markOf(orderKey);

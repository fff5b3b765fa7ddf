/** Makes what a vendor drafted legal JSON of FHIR: no empty values, no characters that FHIR or XML forbid. Pure. */

/** What FHIR's string excludes, and what XML 1.0 cannot carry even escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/g;

/** Text without control characters and lone surrogates; line ends as `\n`. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(/\r\n?/g, '\n').replace(FORBIDDEN, '');
}

/** At most `length` code points, with an ellipsis where something was cut. */
export function shorten(text: string, length: number): string {
  const points = Array.from(text);
  return points.length <= length ? text : `${points.slice(0, length - 1).join('')}…`;
}

function tidyValue(value: unknown): unknown {
  if (typeof value === 'string') {
    const clean = cleanText(value);
    return clean.trim() === '' ? undefined : clean;
  }
  if (typeof value === 'number') {
    return Number.isFinite(value) ? value : undefined;
  }
  if (Array.isArray(value)) {
    const items = value.map(tidyValue).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).flatMap(([name, inner]) => {
      const tidied = tidyValue(inner);
      return tidied === undefined ? [] : [[name, tidied]];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value ?? undefined;
}

/**
 * A copy of a draft without nulls, empty strings, arrays and objects, and with clean strings; without the top-level
 * elements of the given names. The shape stays: only what FHIR forbids to be empty is taken out.
 */
export function tidy<T extends object>(draft: T, without: readonly string[] = []): T {
  const kept = Object.entries(draft).filter(([name]) => !without.includes(name));
  const tidied = tidyValue(Object.fromEntries(kept));
  return (typeof tidied === 'object' && tidied !== null ? tidied : {}) as T;
}

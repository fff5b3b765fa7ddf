/** The two spellings of field names. */

/** Written in camel case even where all around it is in snake case. */
const ALWAYS_CAMEL = new Set(['isCancer']);
/** Their own keys are data: names of markers. */
const KEYED_BY_DATA = new Set(['ihcStudies']);

/** The same value with its field names in snake case: `caseId` becomes `case_id`. */
export function toSnake(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(toSnake);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [snakeName(name), KEYED_BY_DATA.has(name) ? inner : toSnake(inner)]),
  );
}

const snakeName = (name: string) =>
  ALWAYS_CAMEL.has(name) ? name : name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Finds out what exactly a server did not take: a whole type, or one resource. Pure. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { AdapterError } from '../errors.ts';

/** Statuses that speak about a type rather than about a resource's content. */
const OF_A_TYPE = [403, 404, 405, 501];
const UNSUPPORTED =
  /not supported|unsupported|not enabled|unknown resource type|invalid resource type|not allowed|forbidden/i;

function textOf(outcome: OperationOutcome | undefined): string {
  return (outcome?.issue ?? [])
    .flatMap(({ code, details, diagnostics, expression, location }) => [
      code === 'not-supported' ? 'not supported' : '',
      details?.text,
      diagnostics,
      ...(expression ?? []),
      ...(location ?? []),
    ])
    .filter((text) => text !== undefined)
    .join('\n');
}

/** Whether an error can be about a type that the server does not take. */
export function speaksOfType(error: AdapterError): boolean {
  return error.code === 'ehr-forbidden' || (error.status !== undefined && OF_A_TYPE.includes(error.status));
}

/** The type that the server says it does not take, where it names one of these. */
export function refusedType(error: AdapterError, types: string[]): string | undefined {
  const text = textOf(error.outcome);
  if (!speaksOfType(error) && !(error.code === 'ehr-rejected' && UNSUPPORTED.test(text))) {
    return undefined;
  }
  const named = types.filter((type) => new RegExp(`\\b${type}\\b`).test(text));
  return named.length === 1 ? named[0] : undefined;
}

/** The entry of the Bundle that the server complains of, where it says which. */
export function rejectedEntry(outcome: OperationOutcome | undefined): number | undefined {
  const index = /\bentry\[(\d+)\]/i.exec(textOf(outcome))?.[1];
  return index === undefined ? undefined : Number.parseInt(index, 10);
}

const TOO_LARGE = ['too-costly', 'too-long'];
/** Azure: "The number of entries in the bundle exceeded the configured limit of 500"; Medplum: "… has too many entries". */
const TOO_MANY =
  /too many (entries|operations)|entries .*(limit|exceed|maximum)|more (update )?operations than allowed/i;

/** Whether the server takes such a Bundle, only not as large a one. */
export function saysTooLarge(error: AdapterError): boolean {
  if (error.status === 413) {
    return true;
  }
  const issues = error.code === 'ehr-rejected' ? (error.outcome?.issue ?? []) : [];
  return (
    issues.some(({ code }) => TOO_LARGE.includes(code)) || (issues.length > 0 && TOO_MANY.test(textOf(error.outcome)))
  );
}

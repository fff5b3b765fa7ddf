/** Why an order cannot be done as it stands, in words for the clinician. Pure. */
import type { OrderReading } from './types.ts';

export type Refused = Required<Pick<OrderReading, 'refusal'>>;
type RefusalCode = Refused['refusal']['code'];

const CODES: ReadonlySet<string> = new Set<RefusalCode>([
  'order-incomplete',
  'input-unavailable',
  'input-unsupported',
  'input-too-large',
  'consent-denied',
]);

/** Whether an error's code is the orderer's matter, as against one that the engine retries or holds for. */
export function isInputRefusal(code: string): code is RefusalCode {
  return CODES.has(code);
}

export function refuse(code: RefusalCode, text: string): Refused {
  return { refusal: { code, text } };
}

/** The same of something that may still come: the order waits for it. */
export function awaitFor(text: string): Refused {
  return { refusal: { code: 'order-incomplete', text, awaits: true } };
}

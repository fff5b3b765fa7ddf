import { PATHS } from '../index.ts';

/** Where a person goes on from here, as lines for the terminal. */
export function whereToLook(at: {
  adapterUrl: string;
  ehrUrl: string;
  sandboxUrl: string;
  token: string;
  patient: string;
  order: string;
}): string {
  return `
Where to look:
  The console          ${at.adapterUrl}/   (token: ${at.token})
  The first order      curl -H 'Authorization: Bearer ${at.token}' ${at.adapterUrl}/api/orders/${at.order}
  The findings         curl '${at.ehrUrl}/Observation?subject=${at.patient}'
  The reports          curl '${at.ehrUrl}/DiagnosticReport?subject=${at.patient}'
  The pictures         curl '${at.ehrUrl}/Media?subject=${at.patient}'
  What was billed      curl ${at.sandboxUrl}${PATHS.ledger}
  Make things fail     curl ${at.sandboxUrl}${PATHS.faults}
  Place another note   POST a DocumentReference (type http://loinc.org|11506-3) to ${at.ehrUrl}
Ctrl-C stops it.`;
}

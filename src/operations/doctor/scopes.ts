/** What a missing scope means for orders and results, in an operator's words. Pure. */
import type { MissingScope } from '../../fhir/auth/scopes.ts';

/** Each with the types it is about; the first that fits counts. */
const MEANINGS: readonly { types: readonly string[]; means: string }[] = [
  { types: ['Subscription'], means: 'no notifications that we register, only the sweep' },
  { types: ['Task'], means: 'nobody sees how an order stands' },
  { types: ['DiagnosticReport'], means: 'no report' },
  {
    types: ['ServiceRequest', 'DocumentReference', 'Patient'],
    means: 'orders cannot be read, or their files not written',
  },
  { types: ['Consent'], means: 'objections of patients are not seen' },
  {
    types: ['Observation', 'Condition', 'Procedure', 'Media'],
    means: 'results of this type are left out of the report',
  },
  { types: ['Binary'], means: 'files cannot be fetched or kept' },
  { types: ['Provenance'], means: 'results do not tell what they were made from' },
  { types: ['Device', 'Organization'], means: 'results name model and vendor without a link' },
  { types: ['AuditEvent'], means: 'our disclosures stand in our own ledger only' },
];

const OTHER = 'not read along with the order';
const OF_OTHERS = 'results about other people go without their group or their cases';

const named = ({ type, letters }: MissingScope): string => `system/${type}.${letters}`;

/** `system/Media.crus (results of this type are left out of the report)`, joined where the meaning is the same. */
export function describeMissing(missing: readonly MissingScope[]): string {
  const byMeaning = new Map<string, string[]>();
  for (const one of missing) {
    const general = MEANINGS.find(({ types }) => types.includes(one.type))?.means ?? OTHER;
    const means = one.others ? OF_OTHERS : general;
    byMeaning.set(means, [...(byMeaning.get(means) ?? []), named(one)]);
  }
  return [...byMeaning].map(([means, scopes]) => `${scopes.join(' ')} (${means})`).join('; ');
}

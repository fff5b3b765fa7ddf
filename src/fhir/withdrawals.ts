/** Plans the withdrawal of what stands and holds no longer; what somebody has worked on since is only told of. */
import { isOurs } from './decide-write.ts';
import { nameOf, type PartPlanner, type Session } from './part-planner.ts';
import { readAll, type Stored } from './standing.ts';
import { WITHDRAWABLE } from './take-back.ts';
import type { FhirClient, WrittenPart } from './types.ts';

export interface Withdrawal {
  written: WrittenPart;
  /** Whether this writing lists it among what it wrote; another order's parts are that order's to remember. */
  remember: boolean;
  /** For the reader of a report. */
  why?: string;
  /** It is not remembered, but something else has shown that nobody else has touched it. */
  untouched?: boolean;
}

const ORDER: readonly string[] = WITHDRAWABLE;

export function isWithdrawable({ type }: Pick<WrittenPart, 'type'>): boolean {
  return ORDER.includes(type);
}

/**
 * Plans them, reports first: nobody is to find a live report whose results are withdrawn. Gives what stands of them, by
 * `Type/id`; types without a state for it (Provenance, Binary, Device, Task) are passed over. Throws the client's errors.
 */
export async function planWithdrawals(
  planner: PartPlanner,
  client: FhirClient,
  session: Session,
  withdrawals: Withdrawal[],
): Promise<Map<string, Stored>> {
  const candidates = withdrawals
    .filter(({ written }) => isWithdrawable(written))
    .sort((a, b) => ORDER.indexOf(a.written.type) - ORDER.indexOf(b.written.type));
  const possible = candidates.filter(({ written }) => !session.refused.has(written.type));
  const current = await readAll(
    client,
    possible.map(({ written }) => written),
  );
  for (const { written, untouched = false, ...options } of candidates) {
    const { part, type, id, version } = written;
    const reference = `${type}/${id}`;
    const resource = current.get(reference);
    if (session.refused.has(type)) {
      const why = `${reference} could not be withdrawn: this system takes no changes of ${type} resources`;
      planner.leaveAlone(reference, why);
    }
    if (resource === undefined) {
      continue;
    }
    const confirmed = session.confirmed.get(nameOf({ kind: 'withdrawal', part, reference }))?.version;
    const ours = untouched || isOurs(resource, { written: version, remembered: true, confirmed });
    planner.withdraw(written, part, resource, ours, options);
  }
  return current;
}

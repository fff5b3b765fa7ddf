/**
 * What each vendor was asked for and what it would have billed. It holds no clinical text: what was sent is known by its
 * SHA-256, so that the same thing billed twice can be seen.
 */

export interface LedgerCall {
  /** When it came (ISO instant). */
  at: string;
  /** `POST /generate`, `GET /tasks/{task_id}`: the path's variables by name. */
  endpoint: string;
  status?: number;
  /** The identifiers that went to or came from the client: `{ task_id: … }`. */
  keys?: Record<string, string>;
  /** Lower-case hex SHA-256 of what was submitted. */
  sha256?: string;
}

export interface LedgerBill {
  at: string;
  sha256: string;
  keys: Record<string, string>;
  /** `{ generations: 1, output_tokens: 688 }` */
  units: Record<string, number>;
}

export interface VendorAccount {
  /** How often each endpoint was called, refused calls too. */
  endpoints: Record<string, number>;
  /** The sum of all bills, by unit. */
  billed: Record<string, number>;
  /** By SHA-256 of what was submitted: how often it came, and what was billed for it altogether. */
  submissions: Record<string, { received: number; bills: number; billed: Record<string, number> }>;
  bills: LedgerBill[];
  /** The last calls, oldest first. */
  calls: LedgerCall[];
}

export interface VendorLedger {
  /** Records a call as it comes; what is known only later (status, keys) may be added to the returned object. */
  call(call: Omit<LedgerCall, 'at' | 'sha256'>): LedgerCall;
  /** Says what the call submitted. */
  submitted(call: LedgerCall, sha256: string): void;
  bill(bill: Omit<LedgerBill, 'at'>): void;
}

export interface Ledger {
  of(vendor: string): VendorLedger;
  read(): Record<string, VendorAccount>;
  reset(): void;
}

/** How many calls of one vendor are kept one by one; the counts go on beyond. */
const KEPT_CALLS = 10_000;

/** An empty ledger. */
export function createLedger(now: () => Date = () => new Date()): Ledger {
  const accounts = new Map<string, VendorAccount>();

  function account(vendor: string): VendorAccount {
    const known = accounts.get(vendor);
    const found = known ?? { endpoints: {}, billed: {}, submissions: {}, bills: [], calls: [] };
    if (!known) {
      accounts.set(vendor, found);
    }
    return found;
  }

  return {
    of(vendor) {
      account(vendor);
      return {
        call(call) {
          const { endpoints, calls } = account(vendor);
          const entry = { at: now().toISOString(), ...call };
          endpoints[call.endpoint] = (endpoints[call.endpoint] ?? 0) + 1;
          calls.push(entry);
          if (calls.length > KEPT_CALLS) {
            calls.shift();
          }
          return entry;
        },
        submitted(call, sha256) {
          call.sha256 = sha256;
          submission(account(vendor).submissions, sha256).received += 1;
        },
        bill(bill) {
          const { billed, submissions, bills } = account(vendor);
          const submitted = submission(submissions, bill.sha256);
          bills.push({ at: now().toISOString(), ...bill });
          submitted.bills += 1;
          add(billed, bill.units);
          add(submitted.billed, bill.units);
        },
      };
    },
    read: () => structuredClone(Object.fromEntries(accounts)),
    reset() {
      for (const vendor of accounts.keys()) {
        accounts.set(vendor, { endpoints: {}, billed: {}, submissions: {}, bills: [], calls: [] });
      }
    },
  };
}

function submission(submissions: VendorAccount['submissions'], sha256: string) {
  const found = submissions[sha256] ?? { received: 0, bills: 0, billed: {} };
  submissions[sha256] = found;
  return found;
}

function add(sums: Record<string, number>, units: Record<string, number>): void {
  for (const [unit, count] of Object.entries(units)) {
    sums[unit] = (sums[unit] ?? 0) + count;
  }
}

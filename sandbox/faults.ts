/** The sandbox's switchboard: named faults that make one vendor, or the EHR, misbehave a counted number of times. */

export interface FaultDescription {
  name: string;
  /** What happens, in a sentence. */
  what: string;
}

/** One vendor's share of the switchboard. */
export interface VendorFaults {
  /** True once for every time that the fault was set. */
  take(name: string): boolean;
  /** Registers what can be set. */
  describe(list: FaultDescription[]): void;
}

export interface FaultState extends FaultDescription {
  vendor: string;
  /** How many more times it will happen; 0: not set. */
  times: number;
}

export interface Faults {
  of(vendor: string): VendorFaults;
  /** Sets how many more times a fault will happen; 0 unsets it. Throws UnknownFault. */
  set(vendor: string, fault: string, times?: number): FaultState;
  list(): FaultState[];
  clear(): void;
}

/** What was to be set is not on the switchboard; `known` says what is. */
export class UnknownFault extends Error {
  readonly known: string[];

  constructor(vendor: string, fault: string, known: string[]) {
    super(`There is no fault ${fault} of ${vendor}`);
    this.name = 'UnknownFault';
    this.known = known;
  }
}

/** An empty switchboard. */
export function createFaults(): Faults {
  const states = new Map<string, FaultState>();
  const key = (vendor: string, fault: string) => `${vendor}/${fault}`;

  return {
    of: (vendor) => ({
      take(name) {
        const state = states.get(key(vendor, name));
        if (!state || state.times <= 0) {
          return false;
        }
        state.times -= 1;
        return true;
      },
      describe(list) {
        for (const { name, what } of list) {
          states.set(key(vendor, name), { vendor, name, what, times: 0 });
        }
      },
    }),
    set(vendor, fault, times = 1) {
      const state = states.get(key(vendor, fault));
      if (!state) {
        throw new UnknownFault(vendor, fault, [...states.keys()]);
      }
      state.times = times;
      return { ...state };
    },
    list: () => [...states.values()].map((state) => ({ ...state })),
    clear() {
      for (const state of states.values()) {
        state.times = 0;
      }
    },
  };
}

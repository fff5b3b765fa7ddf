/** The sandbox's switchboard: named faults that make one vendor, or the EHR, misbehave a counted number of times, or to a set degree. */

export interface FaultDescription {
  name: string;
  /** What happens, in a sentence. */
  what: string;
  /** Of a fault that lasts until it is unset: what its level means; `on` is 1. Others happen a counted number of times, or to a set degree. */
  unit?: 'percent' | 'milliseconds' | 'on';
}

/** One vendor's share of the switchboard. */
export interface VendorFaults {
  /** True once for every time that the fault was set. */
  take(name: string): boolean;
  /** Of a lasting fault; 0: not set. */
  level(name: string): number;
  /** Registers what can be set. */
  describe(list: FaultDescription[]): void;
}

export interface FaultState extends FaultDescription {
  vendor: string;
  /** How many more times it will happen; 0: not set. */
  times: number;
  /** Of a lasting fault, in its unit; 0: not set. */
  level?: number;
}

export interface Faults {
  of(vendor: string): VendorFaults;
  /** Sets how many more times a fault will happen; 0 unsets it. Throws UnknownFault. */
  set(vendor: string, fault: string, times?: number): FaultState;
  /** Sets the level of a lasting fault; 0 unsets it. Throws UnknownFault. */
  setLevel(vendor: string, fault: string, level: number): FaultState;
  list(): FaultState[];
  clear(): void;
}

/** The highest level of each unit; an hour is longer than anybody waits. */
const MOST = { percent: 100, milliseconds: 3_600_000, on: 1 } as const;

/** What was to be set is not on the switchboard, or not so; `known` says what is. */
export class UnknownFault extends Error {
  readonly known: string[];

  constructor(vendor: string, fault: string, known: string[], why = 'There is no such fault') {
    super(`${why}: ${fault} of ${vendor}`);
    this.name = 'UnknownFault';
    this.known = known;
  }
}

/** An empty switchboard. */
export function createFaults(): Faults {
  const states = new Map<string, FaultState>();
  const key = (vendor: string, fault: string) => `${vendor}/${fault}`;

  function find(vendor: string, fault: string, lasts: boolean): FaultState {
    const state = states.get(key(vendor, fault));
    if (state && (state.unit !== undefined) === lasts) {
      return state;
    }
    const other = lasts ? 'This fault has no level, but a number of times' : 'This fault lasts, and has a level';
    throw new UnknownFault(vendor, fault, [...states.keys()], state && other);
  }

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
      level: (name) => states.get(key(vendor, name))?.level ?? 0,
      describe(list) {
        for (const { name, what, unit } of list) {
          states.set(key(vendor, name), { vendor, name, what, times: 0, ...(unit && { unit, level: 0 }) });
        }
      },
    }),
    set(vendor, fault, times = 1) {
      const state = find(vendor, fault, false);
      state.times = times;
      return { ...state };
    },
    setLevel(vendor, fault, level) {
      const state = find(vendor, fault, true);
      const most = MOST[state.unit ?? 'on'];
      if (!(level >= 0 && level <= most)) {
        throw new UnknownFault(vendor, fault, [...states.keys()], `The level is from 0 to ${most}`);
      }
      state.level = level;
      return { ...state };
    },
    list: () => [...states.values()].map((state) => ({ ...state })),
    clear() {
      for (const state of states.values()) {
        state.times = 0;
        if (state.level !== undefined) {
          state.level = 0;
        }
      }
    },
  };
}

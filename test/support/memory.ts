import type { Memory } from '../../src/vendors/contract.ts';

/** What a vendor remembers, with its life, by a clock that is passed in. */
export function memoryBy(now: () => Date): Memory {
  const kept = new Map<string, { value: string; until: number }>();
  return {
    async get<T>(key: string, make: () => Promise<{ value: T; seconds?: number }>): Promise<T> {
      const found = kept.get(key);
      if (found && found.until > now().getTime()) {
        return JSON.parse(found.value);
      }
      const { value, seconds = Number.POSITIVE_INFINITY } = await make();
      kept.set(key, { value: JSON.stringify(value), until: now().getTime() + seconds * 1000 });
      return value;
    },
    forget: async (key) => void kept.delete(key),
  };
}

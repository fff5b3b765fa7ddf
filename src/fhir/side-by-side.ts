/**
 * Does the same with each of many, some at a time; the results are in the order of the items. After a failure nothing
 * more is begun, what is under way is waited for, and the failure of the earliest item is thrown: the same each time.
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  most: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: { index: number; error: unknown }[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; failures.length === 0; index = next++) {
      const item = items[index];
      if (index >= items.length || item === undefined) {
        return;
      }
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failures.push({ index, error });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  const [first] = failures.sort((one, other) => one.index - other.index);
  if (first) {
    throw first.error;
  }
  return results;
}

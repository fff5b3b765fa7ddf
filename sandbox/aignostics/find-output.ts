import type { Simulator } from './simulator.ts';
import { progressNow } from './tell.ts';
import type { Item, OutputArtifact, Run } from './world.ts';

/** An artifact that is there: that of an item that has succeeded. */
export function findOutput(
  run: Run,
  id: string,
  simulator: Simulator,
): { item: Item; output: OutputArtifact } | undefined {
  const { items: progress } = progressNow(run, simulator);
  for (const [index, item] of run.items.entries()) {
    const output = item.outputs.find((one) => one.id === id);
    if (output && progress[index]?.reason === 'SUCCEEDED') {
      return { item, output };
    }
  }
  return undefined;
}

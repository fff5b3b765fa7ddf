/** What the vendor's machines have cost: a slide, once work on it has begun. */
import { createHash } from 'node:crypto';
import { graceFor } from './downloads.ts';
import { dueItems } from './progress.ts';
import type { Simulator } from './simulator.ts';
import { progressNow } from './tell.ts';
import type { Run } from './world.ts';

/** SHA-256 that stands for what a run submitted: its items' external ids, in whatever order. */
export function sha256OfRun({ items }: Run): string {
  return sha256(
    items
      .map(({ externalId }) => externalId)
      .sort()
      .join('\n'),
  );
}

/** Brings every run to the present: downloads that should be over by now get a moment, and what has begun is billed. */
export async function bringUp(simulator: Simulator): Promise<void> {
  const { world, options, now } = simulator;
  const open = [...world.runs.values()].filter(({ settled }) => !settled);
  await graceFor(open.flatMap((run) => dueItems(run, options, now().getTime())).map(({ download }) => download));
  for (const run of open) {
    billBegun(run, simulator);
  }
}

function billBegun(run: Run, simulator: Simulator): void {
  const progress = progressNow(run, simulator);
  run.items.forEach((item, index) => {
    if (!item.billed && progress.items[index]?.begun) {
      item.billed = true;
      simulator.ledger.bill({
        sha256: sha256(item.download.outcome?.checksum ?? ''),
        keys: { run_id: run.id, item_id: item.id },
        units: { slides: 1 },
      });
    }
  });
  if (progress.state === 'TERMINATED') {
    run.settled = true;
    run.stop.abort();
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

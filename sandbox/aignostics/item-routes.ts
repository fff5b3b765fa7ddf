/** The items of a run: listing, reading, and their custom metadata. */
import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { callOf } from './admit.ts';
import { invalid, type Problem, refuse } from './answers.ts';
import { inOrder } from './checksum.ts';
import { all, first, metadataFilter, pageOf } from './lists.ts';
import { putMetadata } from './put-metadata.ts';
import { runFor } from './rights.ts';
import { sendJson } from './send-json.ts';
import type { Simulator } from './simulator.ts';
import { progressNow, tellItem } from './tell.ts';
import type { Item, Run } from './world.ts';

/** What the query may say; each is looked at alone, so that every mistake is told. */
const QUERY: Record<string, z.ZodType> = {
  state: z.enum(['PENDING', 'PROCESSING', 'TERMINATED']),
  termination_reason: z.enum(['SUCCEEDED', 'USER_ERROR', 'SYSTEM_ERROR', 'SKIPPED']),
  item_id__in: z.uuid(),
};

export function addItemRoutes(api: Router, simulator: Simulator): void {
  api.get('/v1/runs/:run_id/items', async (request, response) => {
    const run = runFor(request, response, simulator, 'read');
    if (!run) {
      return;
    }
    callOf(response).keys = { run_id: run.id };
    const found = itemsOf(request, run, simulator);
    if ('problems' in found) {
      return invalid(response, found.problems);
    }
    const told: object[] = [];
    for (const item of found.page) {
      told.push(await tellItem(run, item, simulator));
    }
    sendJson(response, told, simulator);
  });

  function itemFor(request: Request, response: Response, access: 'read' | 'write'): [Run, Item] | undefined {
    const run = runFor(request, response, simulator, access);
    const item = run?.items.find(({ externalId }) => externalId === request.params.external_id);
    if (run && !item) {
      refuse(response, 404, 'Item not found');
    }
    return run && item && [run, item];
  }

  api.get('/v1/runs/:run_id/items/:external_id', async (request, response) => {
    const found = itemFor(request, response, 'read');
    if (found) {
      sendJson(response, await tellItem(...found, simulator), simulator);
    }
  });

  api.put('/v1/runs/:run_id/items/:external_id/custom-metadata', (request, response) => {
    const found = itemFor(request, response, 'write');
    if (found) {
      putMetadata(request, response, found[1]);
    }
  });
}

function itemsOf(request: Request, run: Run, simulator: Simulator): { page: Item[] } | { problems: Problem[] } {
  const metadata = metadataFilter(request);
  const problems = [...('problems' in metadata ? metadata.problems : []), ...wrongQuery(request)];
  if (problems.length > 0 || 'problems' in metadata) {
    return { problems };
  }
  const { items: progress } = progressNow(run, simulator);
  const of = (item: Item) => progress[run.items.indexOf(item)];
  const [ids, externalIds] = [all(request, 'item_id__in'), all(request, 'external_id__in')];
  const [state, reason] = [first(request, 'state'), first(request, 'termination_reason')];
  const items = run.items.filter(
    (item) =>
      (ids.length === 0 || ids.includes(item.id)) &&
      (externalIds.length === 0 || externalIds.includes(item.externalId)) &&
      (state === undefined || of(item)?.state === state) &&
      (reason === undefined || of(item)?.reason === reason) &&
      metadata.passes(item.customMetadata),
  );
  return pageOf(request, {
    items,
    fields: {
      item_id: ({ id }) => id,
      external_id: ({ externalId }) => externalId,
      custom_metadata: ({ customMetadata }) => customMetadata && JSON.stringify(customMetadata, inOrder),
      terminated_at: (item) => of(item)?.terminatedAt ?? null,
      termination_reason: (item) => of(item)?.reason ?? null,
    },
    unsorted: ({ id }) => id,
    sizeName: 'page_size',
  });
}

function wrongQuery(request: Request): Problem[] {
  return Object.entries(QUERY).flatMap(([name, schema]) =>
    all(request, name)
      .filter((value) => !schema.safeParse(value).success)
      .map((input) => ({ loc: ['query', name], msg: `Input should be a valid ${name}`, type: 'enum', input })),
  );
}

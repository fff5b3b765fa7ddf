/** The vendor's webhooks: one of each finished application, or one of all, once, and never again when it is lost. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { APPLICATIONS } from './applications.ts';
import { blockOf, DEFAULT_QUERY } from './block.ts';
import { text } from './fields.ts';
import type { Simulator } from './simulator.ts';
import type { Batch } from './world.ts';

/** The body of the call that sets one; defaults as the vendor's. */
export const webhookSettings = z.object({
  url: z.url({ protocol: /^https?$/ }),
  authorization: z.enum(['query', 'basic', 'bearer']),
  authorization_key: text(128),
  authorization_value: text(128),
  method: z.enum(['post', 'get']),
  enabled: z.boolean().default(true),
  add_survey_answers: z.boolean().default(false),
  merge_webhooks: z.boolean().default(false),
});

export type WebhookSettings = z.infer<typeof webhookSettings>;

const PATIENCE_MS = 5_000;

/** Plans the webhooks of a batch that was just taken; each dataset has one receiver or none. */
export function planWebhooks(batch: Batch, simulator: Simulator): void {
  const { take, later, options, world } = simulator;
  const early = batch.computation?.faults.has('webhook-timeout-partial');
  later(
    () => {
      const dataset = world.datasets.get(batch.subject.datasetId);
      if (!dataset?.webhook?.enabled || !world.batches.has(batch.id) || take('webhook-missing')) {
        return;
      }
      const payloads = dataset.applications.map((name) => payloadOf(name, batch, simulator));
      const merged = dataset.webhook.merge_webhooks ? [{ image_batch_id: batch.id, applications: payloads }] : payloads;
      const sent = take('webhook-duplicate') ? [...merged, ...merged] : merged;
      for (const payload of sent) {
        void send(dataset.webhook, payload);
      }
    },
    options.secondsUntilReady * 1000 * (early ? 0.5 : 1),
  );
}

/** The documented payload of 2.0 with the batch's id; what 3.0 sends is not documented, so it is its Block. */
function payloadOf(techName: string, batch: Batch, simulator: Simulator): object {
  const application = APPLICATIONS.find(({ tech_name }) => tech_name === techName);
  return {
    application_id: application?.id ?? null,
    application_name: application?.name ?? techName,
    application_run_id: randomUUID(),
    image_batch_id: batch.id,
    subject_id: batch.subject.id,
    area_results: [],
    results: { [techName]: blockOf(batch, simulator, { ...DEFAULT_QUERY, withMasks: false }) ?? null },
  };
}

async function send(settings: WebhookSettings, payload: object): Promise<void> {
  const { authorization, authorization_key: key, authorization_value: value, method } = settings;
  const url = new URL(settings.url);
  if (authorization === 'query') {
    url.searchParams.set(key, value);
  }
  const credentials: Record<typeof authorization, Record<string, string>> = {
    query: {},
    basic: { Authorization: `Basic ${Buffer.from(`${key}:${value}`).toString('base64')}` },
    bearer: { [key]: `Bearer ${value}` },
  };
  const body = method === 'post' ? { body: JSON.stringify(payload) } : {};
  const headers = { ...credentials[authorization], ...(method === 'post' && { 'Content-Type': 'application/json' }) };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    await (await fetch(url, { method: method.toUpperCase(), headers, signal, ...body })).body?.cancel();
  } catch {
    // It is not sent again: the vendor says nothing of retries.
  }
}

/** What `npm start` shows without a configuration: a sandbox, the configuration of an adapter for it, one order's way. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { followOrder } from './demo/follow.ts';
import { showResults } from './demo/results.ts';
import { NOTE_TEXT } from './examples/note-text.ts';
import { placeExampleOrder } from './examples/place-order.ts';
import { openSandbox, PATHS } from './index.ts';
import { ehrSettings, port, readSettings } from './settings.ts';

export interface Demo {
  /** The configuration of the adapter, as a user would write it. */
  configText: string;
  /** Places the example order and prints its way until its results stand; then where to look. Settles when done. */
  follow(): Promise<void>;
  /** Stops following. */
  stop(): void;
  close(): Promise<void>;
}

const environment = z.object({ PORT: port(1, 8080), SANDBOX_PORT: port(1, 8090), ...ehrSettings });

/** Opens the sandbox. Rejects with one line for a person where a port is taken, with WrongSettings where a setting is wrong. */
export async function openDemo(env: Record<string, string | undefined>, say: (line: string) => void): Promise<Demo> {
  const settings = readSettings(environment, env);
  const { PORT, SANDBOX_PORT, SANDBOX_EHR_MANNER: manner, SANDBOX_TRANSACTIONS: transactions } = settings;
  const sandbox = await openSandbox({ port: SANDBOX_PORT, manner, transactions }).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw taken ? new Error(`Port ${SANDBOX_PORT} is in use; set SANDBOX_PORT to another one`) : error;
  });
  const folder = await mkdtemp(join(tmpdir(), 'fhir-ai-adapter-'));
  // However this process ends: when the adapter's port is taken, nobody comes to close us.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const token = `sandbox-${randomBytes(12).toString('hex')}`;
  const adapterUrl = `http://127.0.0.1:${PORT}`;
  const ehrUrl = `${sandbox.url}${PATHS.ehr}`;
  const stopping = new AbortController();

  return {
    configText: configuration({ port: PORT, adapterUrl, ehrUrl, vendorsUrl: sandbox.url, folder, token }),
    async follow() {
      try {
        say(`The sandbox is up at ${sandbox.url}, the adapter at ${adapterUrl}.\n`);
        say('A clinician signs this note:\n');
        say(indent(NOTE_TEXT));
        await subscribed(ehrUrl, stopping.signal);
        const placed = await placeExampleOrder(ehrUrl);
        say(`\nIt stands in the EHR as ${placed.order}; the EHR notifies the adapter.\n`);
        const order = await followOrder({ adapterUrl, token, resource: placed.order, say, signal: stopping.signal });
        if (order.status === 'completed') {
          say('\nThe results are in the EHR:\n');
          await showResults({ ehrUrl, task: order.task, say });
        } else {
          say(`\nThe order ended as ${order.status}: ${order.reason ?? ''}`);
        }
        say(
          whereToLook({ adapterUrl, ehrUrl, sandboxUrl: sandbox.url, token, patient: placed.patient, order: order.id }),
        );
      } catch (error) {
        if (!stopping.signal.aborted) {
          say(`The example could not be followed: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    },
    stop: () => stopping.abort(),
    async close() {
      stopping.abort();
      await sandbox.close();
    },
  };
}

/** Waits until the adapter's Subscription stands: an order placed before would be found by the sweep only. */
async function subscribed(ehrUrl: string, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await fetch(`${ehrUrl}/Subscription?status=active`, { signal });
    const found = z.object({ entry: z.array(z.unknown()).optional() }).parse(await response.json());
    if ((found.entry ?? []).length > 0) {
      return;
    }
    await pause(50, undefined, { signal });
  }
}

function configuration(at: {
  port: number;
  adapterUrl: string;
  ehrUrl: string;
  vendorsUrl: string;
  folder: string;
  token: string;
}): string {
  return `http: { port: ${at.port}, publicUrl: '${at.adapterUrl}' }
database: { folder: '${at.folder}' }
console:
  users:
    - { name: sandbox, token: ${at.token}, roles: [operator, approver] }
sites:
  - name: sandbox
    fhir: { baseUrl: '${at.ehrUrl}', auth: { type: none } }
    subscriptions: { secret: ${randomBytes(16).toString('hex')}, sweep: '*/1 * * * *' }
    vendors:
      healthsage: { baseUrl: '${at.vendorsUrl}${PATHS.healthsage}', apiKey: sandbox-key }
    routes:
      - id: note-coding
        on: DocumentReference?status=current&type=http://loinc.org|11506-3
        vendor: healthsage
`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

function whereToLook(at: {
  adapterUrl: string;
  ehrUrl: string;
  sandboxUrl: string;
  token: string;
  patient: string;
  order: string;
}): string {
  return `
Where to look:
  The console          ${at.adapterUrl}/   (token: ${at.token})
  This order           curl -H 'Authorization: Bearer ${at.token}' ${at.adapterUrl}/api/orders/${at.order}
  The findings         curl '${at.ehrUrl}/Condition?subject=${at.patient}'
  The report           curl '${at.ehrUrl}/DiagnosticReport?subject=${at.patient}'
  What was billed      curl ${at.sandboxUrl}${PATHS.ledger}
  Make things fail     curl ${at.sandboxUrl}${PATHS.faults}
  Place another note   POST a DocumentReference (type http://loinc.org|11506-3) to ${at.ehrUrl}
Ctrl-C stops it.`;
}

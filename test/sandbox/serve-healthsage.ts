/** A HealthSage simulator of its own on a free port, and the few calls that its tests make. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import express from 'express';
import { z } from 'zod';
import { createFaults } from '../../sandbox/faults.ts';
import { type HealthsageOptions, healthsageRoutes } from '../../sandbox/healthsage/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';

export const NOW = new Date('2026-11-22T09:00:00Z');

const accepted = z.strictObject({ task_id: z.uuid(), status: z.literal('PENDING') });

/** A fixture file as JSON. */
export function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../fixtures/healthsage/${name}.json`, import.meta.url), 'utf8'));
}

export const ORDER = z
  .object({ note: z.string(), specialty: z.string(), letter_date: z.string(), patient_dob: z.null() })
  .parse(fixture('generate_request'));

/** Serves the simulator until the test ends. */
export async function serveHealthsage(test: TestContext, options: HealthsageOptions = {}) {
  const faults = createFaults();
  const ledger = createLedger(() => NOW);
  const app = express();
  app.use(
    healthsageRoutes({ faults: faults.of('healthsage'), ledger: ledger.of('healthsage'), now: () => NOW, options }),
  );
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = z.object({ port: z.number() }).parse(server.address());
  const base = `http://127.0.0.1:${address.port}`;

  async function call(method: string, path: string, init: { key?: string | null; json?: unknown; body?: string } = {}) {
    const { key = 'sandbox-test', json, body = json === undefined ? null : JSON.stringify(json) } = init;
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...(key !== null && { 'X-API-Key': key }), 'Content-Type': 'application/json' },
      body,
    });
    const text = await response.text();
    return { status: response.status, text, json: (): unknown => JSON.parse(text) };
  }

  return {
    faults,
    account: () => ledger.read().healthsage,
    set: (fault: string, times = 1) => faults.set('healthsage', fault, times),
    call,
    generate: (json: unknown = ORDER, key = 'sandbox-test') => call('POST', '/generate', { json, key }),
    task: (id: string) => call('GET', `/tasks/${id}`),
    bundle: (id: string, patient?: string) =>
      call('GET', `/tasks/fhir/${id}${patient === undefined ? '' : `?fhir_patient_id=${patient}`}`),
    /** Submits a note and gives its task's id. */
    async submit(json: unknown = ORDER): Promise<string> {
      return accepted.parse((await call('POST', '/generate', { json })).json()).task_id;
    },
  };
}

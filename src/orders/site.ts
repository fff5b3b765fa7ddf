/** What the engine needs of one site: its EHR and its routes, each with its vendor ready to work. */
import { createHash } from 'node:crypto';
import type { SiteConfig } from '../config.ts';
import type { FhirClient, OrderReading, Publication, Published, Saved, TaskView } from '../fhir/types.ts';
import type { InputKind, Memory, Vendor } from '../vendors/contract.ts';
import type { VendorHttp } from '../vendors/http.ts';

/** The EHR as the engine sees it; main.ts builds it of the fhir room's functions. */
export interface Ehr {
  /** `download: false`: only whether it still stands, and its signature. */
  readOrder(order: {
    type: string;
    id: string;
    needs: InputKind[];
    download?: boolean;
  }): Promise<OrderReading | undefined>;
  /** Creates or updates the Task; `closedByPerson` where somebody has cancelled it meanwhile. */
  saveTask(
    view: Omit<TaskView, 'owner'>,
    known: { id: string; version: string | undefined } | undefined,
  ): Promise<Saved & { closedByPerson?: boolean }>;
  publish(
    publication: Omit<Publication, 'task' | 'essential' | 'policy'> & { task: Omit<TaskView, 'owner'> },
  ): Promise<Published>;
}

export interface RouteRuntime {
  id: string;
  on: string;
  vendor: Vendor;
  settings: unknown;
  options: unknown;
  http: VendorHttp;
  memory: Memory;
  /** Digest of the credential: budgets, quotas and the breaker belong to it. */
  credential: string;
  limits: { perDay?: number | undefined; perOrder?: number | undefined };
}

export interface SiteRuntime {
  name: string;
  config: SiteConfig;
  client: FhirClient;
  ehr: Ehr;
  routes: Map<string, RouteRuntime>;
}

/** A credential's name in the database: nothing of the secret can be read from it. */
export function credentialDigest(site: string, vendor: string, secret: string): string {
  return createHash('sha256').update(`${site}\n${vendor}\n${secret}`).digest('hex').slice(0, 32);
}

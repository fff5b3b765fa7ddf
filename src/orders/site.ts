/** What the engine needs of one site: its EHR and its routes, each with its vendor ready to work. */
import { createHash } from 'node:crypto';
import type { Policy } from '../config/schema.ts';
import type { SiteConfig } from '../config.ts';
import type { Retraction } from '../fhir/retract.ts';
import type { TaskSight } from '../fhir/save-task.ts';
import type { FhirClient, OrderReading, Publication, Published, Saved, TaskView } from '../fhir/types.ts';
import type { CleanPicture, PictureLimits } from '../pictures/types.ts';
import type { SlideSource } from '../slides/types.ts';
import type { Storage } from '../storage/types.ts';
import type { InputKind, Memory, OrderInput, Question, Secrets, Vendor } from '../vendors/contract.ts';
import type { VendorHttp } from '../vendors/http.ts';

/** What is read of an order for a vendor. */
export interface Needed {
  needs: InputKind[];
  /** What the vendor takes, where it needs pictures. */
  pictures?: PictureLimits;
  /** Its results are about other people: nothing is read but the order itself. */
  others?: true;
}

export function neededBy({ needs, pictures, others }: Vendor): Needed {
  return { needs, ...(pictures && { pictures }), ...(others && { others }) };
}

/** The EHR as the engine sees it; main.ts builds it of the fhir room's functions. */
export interface Ehr {
  /** `download: false`: only whether it still stands, and its signature. */
  readOrder(
    order: Needed & {
      type: string;
      id: string;
      /** The vendor's name, where its data shall go there: the patient's Consents are looked up. */
      vendor?: string;
      /** The patient's Consent has to permit it. */
      requireConsent?: boolean;
      download?: boolean;
    },
  ): Promise<OrderReading | undefined>;
  /** A picture of the order as it may leave, streamed. Throws `input-unavailable` where it is not what was read. */
  openPicture(input: OrderInput): Promise<CleanPicture>;
  /** A slide of the order where it stands. Throws `input-unavailable` where it is gone, or not what was read. */
  openSlide(input: OrderInput): Promise<SlideSource>;
  /**
   * Creates or updates the Task; `closedByPerson` where somebody has cancelled it meanwhile, `edited` where somebody has
   * changed it since the version that we know. The first time, the EHR's own Task for us is claimed where there is one:
   * the one of `claim.id`, or what a search finds.
   */
  saveTask(
    view: Omit<TaskView, 'owner'>,
    known: { id: string; version: string | undefined } | undefined,
    claim?: { id: string | undefined },
  ): Promise<Saved & { closedByPerson?: boolean; edited?: boolean }>;
  /**
   * What somebody has made of the Task since the version that we know, with the answer to `asked` where it holds one;
   * undefined: nothing.
   */
  lookAtTask(
    task: { id: string; version: string | undefined },
    asked?: { question: Question; now: Date },
  ): Promise<TaskSight | undefined>;
  /** Marks a Task of ours as an error, because the EHR's own (`to`) takes its place. */
  handOver(id: string, to: string): Promise<void>;
  /** Takes back what was written; repeats harmlessly. */
  retract(retraction: Omit<Retraction, 'task'> & { task: Omit<TaskView, 'owner'> }): Promise<Published>;
  publish(
    publication: Omit<Publication, 'task' | 'essential' | 'policy' | 'binaryLimit'> & { task: Omit<TaskView, 'owner'> },
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
  secrets: Secrets;
  /** Digest of the credential: budgets, quotas and the breaker belong to it. */
  credential: string;
  /** The patient's Consent has to permit that the vendor is given the data. */
  requireConsent: boolean;
  limits: { perDay?: number | undefined; perOrder?: number | undefined };
}

export interface SiteRuntime {
  name: string;
  config: SiteConfig;
  client: FhirClient;
  ehr: Ehr;
  /** Where large files of the site are kept: copies of slides, and results. */
  storage: Storage;
  /** Where the EHR's users find a large file; undefined where nobody can reach us from outside. */
  fileUrl(id: string): string | undefined;
  /** Days after an order's end that what it was made of is kept. */
  retentionDays: number;
  /** Slides are de-identified where they stand, and leave as they are. */
  slidesDeidentified: boolean;
  policy: Pick<Policy, 'awaitInputHours' | 'supersededNote'>;
  /** References of who we are to the EHR: a Task that one of them owns is for us. */
  owners(): Promise<string[]>;
  routes: Map<string, RouteRuntime>;
}

/** A credential's name in the database: nothing of the secret can be read from it. */
export function credentialDigest(site: string, vendor: string, secret: string): string {
  return createHash('sha256').update(`${site}\n${vendor}\n${secret}`).digest('hex').slice(0, 32);
}

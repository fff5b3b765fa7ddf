/** What every interaction of the REST API works with. */
import type { FhirRouter, HttpMethod } from '@medplum/fhir-router';
import type { Resource } from '@medplum/fhirtypes';
import type { Request, Response } from 'express';
import type { Bundles } from './bundles.ts';
import type { EhrFault } from './faults.ts';
import type { Presigner } from './presign.ts';
import type { EhrRepository } from './repository.ts';
import type { Store } from './store.ts';
import type { TopicHttp } from './topics/http.ts';
import type { Change, Manner, Transactions } from './types.ts';
import type { WebSockets } from './websocket.ts';

export interface Server {
  manner: Manner;
  transactions: Transactions;
  base(): string;
  started: string;
  tokens: string[] | undefined;
  bodyBytes: number;
  faultMs: number;
  store: Store;
  repository: EhrRepository;
  router: FhirRouter;
  bundles: Bundles;
  presigner: Presigner;
  fault(name: EhrFault): boolean;
  /** Runs work alone; what it wrote is committed with it, and told to the Subscriptions. */
  run<T>(work: () => Promise<T>): Promise<{ result: T; changes: Change[] }>;
  toServed<T extends Resource>(resource: T): T;
  /** Where the manner has them. */
  webSockets: WebSockets | undefined;
  topics: TopicHttp | undefined;
}

/** One request, its path and words taken apart. */
export interface Call {
  method: HttpMethod;
  segments: string[];
  words: URLSearchParams;
  request: Request;
  response: Response;
}

/** In what the servers that notify by topic differ: data, which the rest of this folder looks at. */
import type { TopicOptions } from '../types.ts';

export type FlavourName = NonNullable<TopicOptions['flavour']>;
export type Counter = NonNullable<TopicOptions['counter']>;
export type Content = 'empty' | 'id-only' | 'full-resource';

export interface Flavour {
  fhirVersion: string;
  software: { name: string; version: string };
  /** Where a client finds the topics. */
  topics: readonly ('capability' | 'basic' | 'resource')[];
  /** athenahealth's topics say no `url`: where they are is their canonical. */
  topicsWithUrl: boolean;
  /** R4's Subscription with the guide's extensions, or R5's own. */
  subscription: 'r4' | 'r5';
  /** A Subscription that does not claim the guide's profile is taken for a search that never matches. */
  needsProfile: boolean;
  status: 'Parameters' | 'SubscriptionStatus';
  bundle: 'history' | 'subscription-notification';
  /** Whether the status has `request` and `response`, as bdl-3 asks. */
  statusRequest: boolean;
  contents: readonly Content[];
  /** Of the POST; absent: what the HTTP library makes of a text, whatever the Subscription asked for. */
  contentType: 'asked' | 'application/json' | undefined;
  handshake: boolean;
  heartbeat: boolean;
  /** `$status` and `$events`. */
  operations: boolean;
  counter: Counter;
  /** `none`: neither event numbers nor totals. */
  numbers: 'all' | 'none';
  timestamp: 'valueInstant' | 'valueDate' | 'valueDateTime';
  focus: 'reference' | 'uri';
  fullUrl: 'absolute' | 'bare';
  eventIds: boolean;
  /** An AuditEvent for each event. */
  audit: boolean;
  /** `X-Hub-Signature` where the create brought an `X-Hub-Secret`. */
  signed: boolean;
  /** Status codes of success, from and until; `fhirBody`: and what is not 204 must bring a FHIR resource. */
  success: { codes: readonly [number, number][]; fhirBody: boolean };
  /** Seconds that the endpoint may take. */
  patience: number;
  /** Seconds to the second try, how much longer each next wait is, and the seconds after which none follows. */
  retry: { first: number; factor: number; until: number };
  /** Whether later notifications wait behind the one that is being sent and retried. */
  inOrder: boolean;
  /** Whether a notification that could not be delivered sets the Subscription to `error`. */
  fails: boolean;
}

const TWO_HUNDREDS: Flavour['success'] = { codes: [[200, 299]], fhirBody: false };

const backport: Flavour = {
  fhirVersion: '4.0.1',
  software: { name: 'Sandbox topic server', version: '1.1.0' },
  topics: ['capability', 'basic'],
  topicsWithUrl: true,
  subscription: 'r4',
  needsProfile: false,
  status: 'Parameters',
  bundle: 'history',
  statusRequest: true,
  contents: ['empty', 'id-only', 'full-resource'],
  contentType: 'asked',
  handshake: true,
  heartbeat: true,
  operations: true,
  counter: 'steady',
  numbers: 'all',
  timestamp: 'valueInstant',
  focus: 'reference',
  fullUrl: 'absolute',
  eventIds: false,
  audit: false,
  signed: false,
  success: TWO_HUNDREDS,
  patience: 10,
  retry: { first: 1, factor: 2, until: 3 },
  inOrder: true,
  fails: true,
};

export const FLAVOURS: Record<FlavourName, Flavour> = {
  backport,

  r4b: {
    ...backport,
    fhirVersion: '4.3.0',
    topics: ['capability', 'resource'],
    status: 'SubscriptionStatus',
  },

  r5: {
    ...backport,
    fhirVersion: '5.0.0',
    topics: ['resource'],
    subscription: 'r5',
    status: 'SubscriptionStatus',
    bundle: 'subscription-notification',
  },

  /** https://github.com/athenahealth/aone-fhir-subscriptions; its clients have two seconds, and it tries for an hour. */
  athenahealth: {
    ...backport,
    software: { name: 'athenahealth', version: '0.11' },
    topics: ['resource'],
    topicsWithUrl: false,
    status: 'SubscriptionStatus',
    contents: ['id-only'],
    contentType: 'application/json',
    handshake: false,
    heartbeat: false,
    operations: false,
    counter: 'relative',
    eventIds: true,
    audit: true,
    signed: true,
    patience: 2,
    retry: { first: 1, factor: 2, until: 3600 },
    inOrder: false,
    fails: false,
  },

  /** The engine on a branch of microsoft/fhir-server: one try, whatever comes of it. */
  microsoft: {
    ...backport,
    software: { name: 'Microsoft FHIR Server', version: '4.0' },
    topics: [],
    contentType: undefined,
    heartbeat: false,
    operations: false,
    numbers: 'none',
    timestamp: 'valueDateTime',
    focus: 'uri',
    success: {
      codes: [
        [200, 200],
        [202, 202],
      ],
      fhirBody: false,
    },
    retry: { first: 0, factor: 1, until: 0 },
    fails: false,
  },

  /** HAPI's SubscriptionTopicConfig on R4: no handshake, numbers in memory, a minute of tries. */
  'hapi-topic': {
    ...backport,
    software: { name: 'HAPI FHIR Server', version: '8.10.0' },
    topics: ['basic'],
    needsProfile: true,
    statusRequest: false,
    handshake: false,
    heartbeat: false,
    operations: false,
    counter: 'restarts',
    timestamp: 'valueDate',
    fullUrl: 'bare',
    success: { ...TWO_HUNDREDS, fhirBody: true },
    retry: { first: 1, factor: 1.1, until: 60 },
    fails: false,
  },
};

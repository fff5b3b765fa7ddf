/** What is known of the Hemato.AI Diagnostic API in its three documented generations (checked 2026-11), as data. */
import type { PictureLimits } from '../../pictures/types.ts';

/** The generations of the vendor's documents: the oldest, those of 2023, those of 2024. */
export const PROFILE_NAMES = ['legacy', '2023', '2024'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

export const STATUS_PATHS = ['status', 'status/{task}'] as const;
export type StatusPath = (typeof STATUS_PATHS)[number];
export const REPORT_PATHS = ['report', 'report/{task}', 'reports/{task}'] as const;
export type ReportPath = (typeof REPORT_PATHS)[number];

export interface Profile {
  /** Only where one host is the generation's own: a region is the site's choice, because data stay in it. */
  baseUrl?: string;
  /** What is asked for where neither the order nor the route says. */
  tasks: readonly string[];
  /** Whether a study takes the patient's pseudonym as a tag. The oldest documents send no body at all. */
  tags: boolean;
  /** Whether a file is refused without the diameter of a red cell in it. */
  needsDiameter: boolean;
  /** The paths to try, the generation's own first. */
  statusPaths: readonly StatusPath[];
  reportPaths: readonly ReportPath[];
  header: 'raw' | 'bearer';
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  legacy: {
    baseUrl: 'https://api.hemato.ai',
    tasks: ['pbs_v1'],
    tags: false,
    needsDiameter: false,
    statusPaths: ['status', 'status/{task}'],
    reportPaths: ['report', 'reports/{task}', 'report/{task}'],
    header: 'raw',
  },
  '2023': {
    tasks: ['pbs_v1'],
    tags: true,
    needsDiameter: false,
    statusPaths: ['status', 'status/{task}'],
    reportPaths: ['report', 'reports/{task}', 'report/{task}'],
    header: 'bearer',
  },
  '2024': {
    // The only task that these documents offer.
    tasks: ['MALARIA_ANY_ANY'],
    tags: true,
    needsDiameter: true,
    statusPaths: ['status/{task}', 'status'],
    reportPaths: ['reports/{task}', 'report/{task}', 'report'],
    header: 'bearer',
  },
};

/** The vendor's own hosts. Its staff may look into the first three; the log-in for demonstrations is for tests anywhere. */
export const TEST_HOSTS: ReadonlySet<string> = new Set(['dev.api.hemato.ai', 'qa.api.hemato.ai', 'in.api.hemato.ai']);
export const LEGACY_HOST = 'api.hemato.ai';
export const isVendorHost = (host: string): boolean => host === 'hemato.ai' || host.endsWith('.hemato.ai');

export const KNOWN_TASKS = { smear: 'pbs_v1', malaria: 'MALARIA_ANY_ANY' } as const;

/** None of it is documented: cautious guesses, by which orders are refused before anything is sent. */
export const PICTURES: PictureLimits = {
  types: ['image/jpeg', 'image/png', 'application/zip'],
  most: 500,
  largest: 50 * 1024 * 1024,
};

/** Pixels across one normal red cell (7 to 8 µm): outside of these no microscope's picture can be read. */
export const DIAMETER = { minimum: 5, maximum: 1000, unit: 'px' } as const;

export const LIMITS = {
  /** Studies made for one order: the first, and one more where the vendor lost or locked it before it was billed. */
  studies: 2,
  /** Looks at a study that the vendor does not know before it counts as lost: not every server knows a new one at once. */
  lost: 4,
  tasks: 10,
  /** Numbers of the models in one Observation; the rest is in the vendor's own report. */
  modelNumbers: 60,
  /** Code points of the vendor's text. */
  text: 20_000,
} as const;

/** Seconds. */
export const WAITS = {
  pollFirst: 5,
  pollLast: 30,
  pollGrowth: 1.5,
  /** The documents speak of tens of seconds. Then the order is on hold, and looked at again after as long. */
  giveUp: 15 * 60,
  /** From then on only a person has it looked at again. */
  giveUpLooking: 24 * 3600,
  /** Where the vendor asks to wait and does not say how long. */
  busy: 30,
  remembered: 30 * 24 * 3600,
} as const;

/** Seconds of an upload's time limit: a slow line still brings 256 KiB a second. */
export const uploadTimeout = (size: number): number => Math.ceil(60 + size / (256 * 1024));

export const READY = 'ready';
/** Everything but `ready` is undocumented. */
export const FAILED_STATUS = /fail|error|cancel|abort/i;
/** States of a study for which nothing has been asked yet. */
export const UNTASKED_STATUSES: ReadonlySet<string> = new Set(['created', 'new', 'open', 'draft', 'uploading']);

export const MODEL = {
  name: 'Hemato.AI Diagnostic API',
  manufacturer: 'Hemato.AI',
  kinds: ['Deep-Learning-Models', 'Medical-Image-Analysis'],
} as const;

/** Our own codes; what they code is the vendor's to define, and it does not. */
export const CODE_SYSTEMS = {
  observation: 'urn:fhir-ai-adapter:hemato',
  feature: 'urn:fhir-ai-adapter:hemato:feature',
  finding: 'urn:fhir-ai-adapter:hemato:finding',
  task: 'urn:fhir-ai-adapter:hemato:task',
} as const;

/** Pixels across one normal red cell, on a Media, a DocumentReference or the Device that took the picture. */
export const DIAMETER_EXTENSION = 'urn:fhir-ai-adapter:rbc-diameter';

/** The vendor's report as it came, and the drawings. */
export const REPORT_FILE = 'report.json';

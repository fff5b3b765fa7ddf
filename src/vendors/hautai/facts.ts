/** What is known of Haut.AI's API for Face Skin Metrics 3.0 (its own pages and other people's clients), as data. */

export const SIDES = ['front', 'left', 'right'] as const;
export type Side = (typeof SIDES)[number];

/** Drawings of one mask: on the face made unrecognisable, on the aligned face, on the photo itself; the best first. */
export const VARIANTS = ['anonymised', 'aligned_face', 'original'] as const;
export type Variant = (typeof VARIANTS)[number];

export const PICTURES = {
  types: ['image/jpeg', 'image/png'],
  most: SIDES.length,
  /** 30 MiB; part of what the storage's signature allows. */
  largest: 31_457_280,
} as const;

/** Results stand below the application's name; its minor versions differ by what follows. */
export const APPLICATION_PREFIX = 'face_skin_metrics_3';

export const LIMITS = {
  /** Batches opened for one order because an upload address was lost, had expired or was refused. */
  openings: 6,
  /** Analyses of one order: the first, and one more in a new batch where the first never ends. */
  analyses: 2,
  /** Subjects made anew in one order because the vendor had deleted the one we knew. */
  subjects: 2,
  /** Masks fetched in one step: keeps a step short. */
  masksAtOnce: 4,
  /** Bytes of one mask's drawing. */
  mask: 5_000_000,
  /** Longest side of a mask's PNG, in pixels. */
  maskPixels: 1600,
  /** Pages of 100 that a list is read to. */
  pages: 50,
} as const;

/** Seconds. */
export const WAITS = {
  /** How long each round of polling lasts, in looks, and the pause between two; the last goes on until `giveUp`. */
  poll: [
    { looks: 15, pause: 2 },
    { looks: 20, pause: 5 },
  ],
  pollLast: 30,
  giveUp: 900,
  /** An analysis that was asked for may leave no trace in the results for a while: only then is it asked for again. */
  doubt: 120,
  /** What is waited for where the vendor asks to wait and does not say how long. */
  throttled: 60,
  /** One photo's upload: so long, and a second for each of so many bytes. */
  upload: 60,
  uploadBytesASecond: 262_144,
  /** A login lives 60 minutes. */
  login: 3300,
} as const;

/** Days before its end that the doctor speaks of a private token. */
export const TOKEN_WARNING_DAYS = 30;

export const MODEL = {
  name: 'Haut.AI Face Skin Metrics 3.0',
  manufacturer: 'Haut.AI',
  kinds: ['Medical-Image-Analysis'],
} as const;

/** Local code system of the vendor's parameters; nothing of LOINC or SNOMED CT says exactly the same. */
export const LOCAL_SYSTEM = 'urn:fhir-ai-adapter:hautai';

export const NOT_A_DIAGNOSIS = 'Cosmetic assessment, not a medical diagnosis.';

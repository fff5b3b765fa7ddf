/** What is known of the Aignostics Platform API (versions 1.4 to 1.8), as data. */

/** Hosts by the API's: where its accounts are, and the audience that a token is for. Tokens are per person. */
export const TENANTS: Readonly<Record<string, { url: string; audience: string }>> = {
  'platform.aignostics.com': {
    url: 'https://aignostics-platform.eu.auth0.com',
    audience: 'https://aignostics-platform-samia',
  },
  'platform-staging.aignostics.com': {
    url: 'https://aignostics-platform-staging.eu.auth0.com',
    audience: 'https://aignostics-platform-staging-samia',
  },
  'platform-dev.aignostics.ai': {
    url: 'https://dev-8ouohmmrbuh2h4vu.eu.auth0.com',
    audience: 'https://dev-8ouohmmrbuh2h4vu-samia',
  },
};

export const SCOPE = 'offline_access';

export const LIMITS = {
  /** Rows of a page; the API takes no more. */
  page: 100,
  /** Pages that a list is read to. */
  pages: 200,
  /** Characters of a slide's URL. */
  url: 2083,
  /** How often one file is fetched that arrives damaged or whose address is refused. */
  downloads: 3,
  /** Looks in a row at a run that the platform does not know. */
  lost: 10,
  /** Columns of the readouts, and characters of one of their rows. */
  columns: 20_000,
  row: 8_000_000,
} as const;

/** Seconds. */
export const WAITS = {
  /** Not all of the platform's servers know a new run at once. */
  replica: 60,
  /** Between two looks of that time. */
  replicaLook: 5,
  /** A run that nobody can find this long after it was sent was not taken. */
  doubt: 60,
  /**
   * An order's own looks: soon at first, then seldom, since the shared look at all runs (watch.ts) has it woken as soon as
   * there is news. A thousand orders come to five requests a minute this way.
   */
  ownFirst: 15,
  ownGrowth: 4,
  ownLast: 4 * 3600,
  /** Where the run's items and the run itself do not yet say the same. */
  settle: 5,
  /** The shared look: at least so long between two, and so long for each page that the last one took. */
  sharedLeast: 10,
  sharedPage: 5,
  /** Two looks of more pages than these do not fall into one minute. */
  sharedTwice: 7,
  /** What a look has shown counts for an order's own step for so long. */
  shown: 120,
  /** Our clock and theirs. */
  clocks: 600,
  /** A slide's URL: the longest that S3 signs; the platform wants six days. */
  url: 604_800,
  /** After it nobody can fetch the slide any more: only a person can tell what has become of the run. */
  giveUp: 8 * 86_400,
  /** Beyond the run's own deadline. */
  deadlineGrace: 3600,
  /** What the platform says of an application and its versions. */
  documents: 3600,
  /** A token is renewed so long before its end; one that does not say lives so long. */
  renewEarly: 300,
  unknownLife: 600,
  /** One piece of a file may take so long. */
  download: 60,
  /** The storage is full: looked at again after so long. */
  full: 600,
} as const;

/** Regulatory classes that allow clinical use; without one of them an application is for research alone. */
export const CLINICAL_CLASSES: readonly string[] = ['IVDR', 'FDA'];

export const MANUFACTURER = 'Aignostics';
export const KINDS: readonly string[] = ['Medical-Image-Analysis', 'Deep-Learning-Models'];

/** Local code system of the readouts: nothing of LOINC or SNOMED CT says exactly the same. */
export const LOCAL_SYSTEM = 'urn:fhir-ai-adapter:aignostics';

export const RESEARCH_ONLY = 'For research use only. Not for use in diagnostic procedures.';

/** The configuration file's shape, as docs/configuration.md describes it; unknown keys are errors. */
import { z } from 'zod';
import { ORDER_TYPES } from './search-parameters.ts';

const secret = z.string().min(1);
/** A header value travels through servers that cut at colons and line breaks. */
const notifySecret = z
  .string()
  .min(8, 'at least 8 characters')
  .refine((value) => !/[:\r\n]/.test(value), 'must not contain a colon or a line break');
const oneOrTwo = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1).max(2)], { error: 'one text, or a list of two while rotating' });
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

export const ROLES = ['viewer', 'operator', 'approver'] as const;
export type Role = (typeof ROLES)[number];

const user = z.strictObject({
  name: z.string().min(1).max(80),
  token: z.string().min(12, 'at least 12 characters'),
  roles: z.array(z.enum(ROLES)).min(1),
});

const AUTH_TYPES = ['none', 'bearer', 'basic', 'client-secret', 'smart-backend'];

const fhirAuth = z.discriminatedUnion(
  'type',
  [
    z.strictObject({ type: z.literal('none') }),
    z.strictObject({ type: z.literal('bearer'), token: secret }),
    z.strictObject({ type: z.literal('basic'), username: z.string().min(1), password: secret }),
    z.strictObject({
      type: z.literal('client-secret'),
      tokenUrl: httpUrl,
      clientId: z.string().min(1),
      clientSecret: secret,
      scope: z.string().optional(),
      /** `basic`: Authorization header; `body`: form fields. */
      method: z.enum(['basic', 'body']).default('basic'),
    }),
    z
      .strictObject({
        type: z.literal('smart-backend'),
        clientId: z.string().min(1),
        /** While rotating, two: the first signs, both stand in our key set. */
        privateKeyFile: oneOrTwo(z.string().min(1)).optional(),
        /** PEM (PKCS#8) or JWK as text, e.g. `${file:/run/secrets/key.pem}`; two while rotating. */
        privateKey: oneOrTwo(secret).optional(),
        alg: z.enum(['RS384', 'ES384']),
        kid: z.string().optional(),
        scope: z.string().optional(),
        /** Only where the server has no discovery document. */
        tokenUrl: httpUrl.optional(),
      })
      .refine((auth) => (auth.privateKey === undefined) !== (auth.privateKeyFile === undefined), {
        message: 'exactly one of privateKey and privateKeyFile is needed',
        path: ['privateKeyFile'],
      }),
  ],
  { error: `type must be one of ${AUTH_TYPES.join(', ')}` },
);

/** The types we may write; only these can be called essential. */
export const RESULT_TYPES = [
  'Task',
  'DiagnosticReport',
  'Observation',
  'Condition',
  'Procedure',
  'Provenance',
  'Device',
  'Organization',
  'Binary',
  'Media',
  'DocumentReference',
] as const;

const fhir = z.strictObject({
  baseUrl: httpUrl.transform((url) => url.replace(/\/+$/, '')),
  auth: fhirAuth.default({ type: 'none' }),
  essential: z.array(z.enum(RESULT_TYPES)).default(['Task', 'DiagnosticReport']),
  storageHosts: z.array(z.string().min(1)).default([]),
  /** Hosts whose signed URLs of slides may be passed on to a vendor as they are, where they count for long enough. */
  slideHosts: z.array(z.string().min(1)).default([]),
  /** Who we are to the EHR, beside our own Device: a Task that one of these owns is for us. */
  owners: z
    .array(
      z
        .string()
        .regex(
          /^(Organization|Device|HealthcareService|PractitionerRole|CareTeam)\/[A-Za-z0-9\-.]{1,64}$/,
          'must be a reference such as Organization/ai-lab',
        ),
    )
    .default([]),
  /** Bytes up to which a large file of a result becomes a Binary; above it, it stays in the site's storage. */
  binaryLimit: z.number().int().min(0).max(268_435_456).default(20_971_520),
  /** Most entries of one transaction, for servers that allow only a few. */
  transactionEntries: z.number().int().min(3).max(5000).default(400),
  /** Seconds one request may take. */
  timeout: z.number().min(1).max(300).default(30),
});

export const DIALECTS = ['auto', 'medplum', 'hapi', 'backport', 'r5', 'none'] as const;

const subscriptions = z.strictObject({
  register: z.boolean().default(true),
  dialect: z.enum(DIALECTS).default('auto'),
  /** `websocket` (Medplum's) where no server can reach us from outside. */
  channel: z.enum(['rest-hook', 'websocket']).default('rest-hook'),
  /** For topic servers: the canonical URL of the topic by resource type; what is not named here is looked for on the server. */
  topics: z.partialRecord(z.enum(ORDER_TYPES), httpUrl).default({}),
  /** How much topic servers shall send. */
  content: z.enum(['empty', 'id-only', 'full-resource']).default('id-only'),
  /** Seconds between two signs of life that a topic server shall send. */
  heartbeat: z.number().int().min(10).max(86400).optional(),
  /** Whether gaps are looked for by event number; `auto` stops where the server's numbers turn out not to be trusted. */
  eventNumbers: z.enum(['auto', 'trust', 'ignore']).default('auto'),
  /** Google's Pub/Sub push: the token that proves the sender, instead of the secret. */
  googlePush: z
    .strictObject({
      /** As set in the push subscription; usually our own URL. */
      audience: z.string().min(1),
      /** The service account that the push subscription signs as. */
      email: z.email(),
      /** Where Google's public keys are. */
      keys: httpUrl.default('https://www.googleapis.com/oauth2/v3/certs'),
    })
    .optional(),
  /** `none` has to be said aloud; otherwise one secret, or two while rotating. */
  secret: z.union([z.literal('none'), oneOrTwo(notifySecret)], {
    error: 'a secret, a list of two while rotating, or "none", which has to be said aloud',
  }),
  /** Where a proxy before us verifies client certificates and names the subject; believed only where this is set. */
  clientCertificate: z
    .strictObject({
      header: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,64}$/, 'a header name of letters, digits and hyphens')
        .transform((name) => name.toLowerCase()),
      subject: oneOrTwo(z.string().trim().min(1)),
    })
    .optional(),
  /** A node-cron expression; `off` where no sweep is wanted. */
  sweep: z.string().default('*/5 * * * *'),
  /** Seconds between two sweeps while no Subscription is known to work. */
  sweepWhenSilent: z.number().int().min(5).max(3600).default(30),
  /** For servers that refuse searches over all patients: whose orders to look for. */
  roster: z
    .strictObject({
      /** A search of patients (`Patient?active=true`), or a Group (`Group/cohort`). */
      patients: z.string().regex(/^(Patient\?[^\s#]*|Group\/[A-Za-z0-9\-.]{1,64})$/, 'must be Patient?… or Group/…'),
      /** `search`: ServiceRequest?patient=…; `compartment`: Patient/1/ServiceRequest?… */
      by: z.enum(['search', 'compartment']).default('search'),
    })
    .optional(),
});

/** CDS Hooks: who may ask whether an order can be done. Left out, nobody: then there are no services. */
const cdsHooks = z
  .strictObject({
    /** `none` takes calls without a token and has to be said aloud. */
    clients: z.union(
      [
        z.literal('none'),
        z
          .array(
            z.strictObject({
              /** The `iss` of its tokens. */
              issuer: z.string().min(1),
              /** Its public keys; a `jku` that a token names counts only where it is this one. */
              jwksUrl: httpUrl,
            }),
          )
          .min(1),
      ],
      { error: 'a list of { issuer, jwksUrl }, or "none", which has to be said aloud' },
    ),
  })
  .optional();

const route = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and hyphens, at most 40'),
  on: z.string().min(1),
  vendor: z.string().min(1),
  options: z.record(z.string(), z.unknown()).default({}),
});

/** What the site lets its results claim; see docs/clinical-safety.md. */
const policy = z
  .strictObject({
    /** The verificationStatus for what a text calls confirmed. `confirmed` is not among the choices. */
    confirmedInText: z.enum(['unconfirmed', 'provisional']).default('unconfirmed'),
    reportStatus: z.enum(['preliminary', 'partial']).default('preliminary'),
    /** Whether a DocumentReference without docStatus counts as finished. */
    acceptMissingDocStatus: z.boolean().default(true),
    /** What becomes of the findings of a note that a newer one replaces: taken back once the newer one's stand, or linked. */
    supersededNote: z.enum(['take-back', 'link']).default('take-back'),
    /** Vendors that may only be given data of a patient whose active Consent permits it. */
    requireConsent: z.array(z.string()).default([]),
    /** Hours that an order waits for a picture or note that it came without; 0: it is refused at once. */
    awaitInputHours: z.number().min(0).max(720).default(24),
  })
  .prefault({});

const STORAGE_TYPES = ['folder', 's3'];

/** Where a site keeps large files: slides on their way to a vendor, and results too large for the EHR. */
const storage = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({
        type: z.literal('folder'),
        /** A folder of the site's name is made in it. Default: `files` in the folder of the embedded database. */
        path: z.string().min(1).optional(),
        /** Bytes of the disk that are kept free. */
        watermark: z.number().int().min(0).default(1_073_741_824),
      }),
      z.strictObject({
        type: z.literal('s3'),
        /** Left out: Amazon's own of the region. */
        endpoint: httpUrl.optional(),
        region: z.string().min(1),
        bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, "must be a bucket's bare name"),
        prefix: z
          .string()
          .max(200)
          .regex(/^[A-Za-z0-9._/-]*$/, 'letters, digits, dots, hyphens, underscores and slashes')
          .transform((prefix) => prefix.replace(/^\/+|\/+$/g, ''))
          .default(''),
        accessKeyId: secret,
        secretAccessKey: secret,
        /** Whether the bucket stands in the path rather than in the host. Default: with an endpoint, yes. */
        forcePathStyle: z.boolean().optional(),
      }),
    ],
    { error: `type must be one of ${STORAGE_TYPES.join(', ')}` },
  )
  .prefault({ type: 'folder' });

const site = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/, 'lower-case letters, digits and hyphens, at most 40'),
  fhir,
  subscriptions,
  cdsHooks,
  /** Checked against each vendor's own schema once its name is known. */
  vendors: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  routes: z.array(route).min(1, 'at least one route'),
  policy,
  /** Slides are de-identified where they stand: said aloud, they leave as they are. */
  slidesDeidentified: z.boolean().default(false),
  /** Days after the end of an order that the vendor's raw answer and the order's inputs are kept. */
  retentionDays: z.number().int().min(1).max(3650).default(30),
  storage,
});

export const configSchema = z.strictObject({
  http: z
    .strictObject({
      port: z.number().int().min(0).max(65535).default(8080),
      publicUrl: httpUrl.transform((url) => url.replace(/\/+$/, '')).optional(),
      bodyLimit: z.number().int().min(1024).max(268435456).default(31457280),
    })
    .prefault({}),
  security: z
    .strictObject({
      signingKey: oneOrTwo(z.string().min(16, 'at least 16 characters')).optional(),
      encryptionKey: oneOrTwo(z.string().min(16, 'at least 16 characters')).optional(),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
        .optional(),
      /** Folder of the embedded database, where there is no url. */
      folder: z.string().default('./data'),
      schema: z
        .string()
        .regex(/^[a-z_][a-z0-9_]{0,62}$/)
        .default('public'),
    })
    .prefault({}),
  console: z.strictObject({ users: z.array(user).default([]) }).prefault({}),
  sites: z.array(site).min(1, 'at least one site'),
});

export type Config = Readonly<z.infer<typeof configSchema>>;
export type SiteConfig = Config['sites'][number];
export type RouteConfig = SiteConfig['routes'][number];
export type FhirConfig = SiteConfig['fhir'];
export type FhirAuth = FhirConfig['auth'];
export type SubscriptionsConfig = SiteConfig['subscriptions'];
export type CdsHooksConfig = NonNullable<SiteConfig['cdsHooks']>;
export type StorageConfig = SiteConfig['storage'];
export type UserConfig = Config['console']['users'][number];
export type Policy = SiteConfig['policy'];

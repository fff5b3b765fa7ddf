/** What a site sets for Hemato.AI, and what a route may choose. */
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';
import {
  DIAMETER,
  isVendorHost,
  LEGACY_HOST,
  LIMITS,
  PICTURES,
  PROFILE_NAMES,
  PROFILES,
  REPORT_PATHS,
  STATUS_PATHS,
  TEST_HOSTS,
} from './facts.ts';

const text = z.string().trim().min(1);

const keyPair = z
  .strictObject({
    type: z.literal('key-pair'),
    /** `iss`: the organisation's id. */
    issuer: text,
    /** `sub`: a user of the organisation with access to the region. */
    subject: text,
    role: z.enum(['admin', 'user', 'device', 'service']).default('service'),
    /** `aud`: the host of `baseUrl` where left out; a list is sent as a list. */
    audience: z.union([text, z.array(text).min(1).max(5)]).optional(),
    kid: text,
    alg: z.enum(['RS256', 'RS384']).default('RS256'),
    /** PEM in PKCS#1 or PKCS#8. */
    privateKey: z.string().min(1).optional(),
    privateKeyFile: z.string().min(1).optional(),
  })
  .refine((auth) => (auth.privateKey === undefined) !== (auth.privateKeyFile === undefined), {
    message: 'exactly one of privateKey and privateKeyFile is needed',
    path: ['privateKeyFile'],
  });

const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('demo') }),
  z.strictObject({ type: z.literal('session'), user: text, password: z.string().min(1) }),
  keyPair,
]);
export type Auth = z.infer<typeof auth>;
export type KeyPairAuth = z.infer<typeof keyPair>;

const raw = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  profile: z.enum(PROFILE_NAMES).default('2023'),
  auth,
  /** How the token is sent: by itself, or behind "Bearer". */
  header: z.enum(['raw', 'bearer']).optional(),
  statusPath: z.enum(STATUS_PATHS).optional(),
  reportPath: z.enum(REPORT_PATHS).optional(),
  /** Which edition the vendor's ICD-10 codes are of, as the contract with it says; unknown, they are written as text. */
  icd10: z.enum(['icd-10', 'icd-10-cm']).optional(),
  /** Said aloud for hosts that are not for patients' data: then orders of real patients are refused. */
  testDataOnly: z.boolean().default(false),
  /** Studies beyond which an order waits for a person. */
  limits: limitsSchema.optional(),
  /** Seconds one request may take; uploads get longer by their size. */
  timeout: z.number().min(1).max(300).optional(),
});
type Raw = z.infer<typeof raw>;

/** The hosts that may be given test data only, and the log-in that is meant for it; undefined: this one is for patients. */
function notForPatients(baseUrl: string, type: Auth['type']): string | undefined {
  const { hostname } = new URL(baseUrl);
  if (TEST_HOSTS.has(hostname)) {
    return 'this host is not for the data of patients';
  }
  return type === 'demo' && isVendorHost(hostname) ? 'the demo log-in is not for the data of patients' : undefined;
}

/** The oldest host takes the bare token, as its documents say; regional ones take Bearer, as the sample clients do. */
function headerOf(baseUrl: string, given: Raw): 'raw' | 'bearer' {
  const { hostname } = new URL(baseUrl);
  if (hostname === LEGACY_HOST) {
    return 'raw';
  }
  return isVendorHost(hostname) ? 'bearer' : PROFILES[given.profile].header;
}

export const settings = raw.transform((given, context) => {
  const problem = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message, input: undefined });
    return z.NEVER;
  };
  const baseUrl = (given.baseUrl ?? PROFILES[given.profile].baseUrl)?.replace(/\/+$/, '');
  if (baseUrl === undefined) {
    return problem('baseUrl', 'is needed: data stay in the region that it names (https://eu.api.hemato.ai)');
  }
  const why = notForPatients(baseUrl, given.auth.type);
  if (why !== undefined && !given.testDataOnly) {
    return problem('testDataOnly', `${why}: set it to true, and orders of patients not labelled as test are refused`);
  }
  return { ...given, baseUrl, header: given.header ?? headerOf(baseUrl, given) };
});
export type Settings = z.infer<typeof settings>;

export const options = z.strictObject({
  /** Diagnostic tasks, where the order names none. */
  tasks: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]{1,60}$/, 'must be names of diagnostic tasks'))
    .min(1)
    .max(LIMITS.tasks)
    .transform((tasks) => [...new Set(tasks)])
    .optional(),
  /** Pixels across one normal red cell, where the picture and its device say nothing: one scanner, one number. */
  rbcDiameter: z.number().min(DIAMETER.minimum).max(DIAMETER.maximum).optional(),
  /** Pictures with what was found on them circled: none, or the most for one order. */
  heatMaps: z
    .union([z.boolean(), z.number().int().min(0).max(PICTURES.most)])
    .default(true)
    .transform((most) => (most === true ? 50 : most === false ? 0 : most)),
  /** Also writes each suggested diagnosis as a Condition with verificationStatus `differential`. */
  differentialAsCondition: z.boolean().default(false),
});
export type Options = z.infer<typeof options>;

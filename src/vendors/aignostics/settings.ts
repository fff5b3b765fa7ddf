/** What a site sets for Aignostics, and what a route may choose. */
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';
import { TENANTS } from './facts.ts';

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
  .transform((url) => url.replace(/\/+$/, ''));

/** The platform's words: `LUNG_CANCER`, `LYMPH_NODE`. */
const term = z.string().regex(/^[A-Z][A-Z0-9_]{1,59}$/, 'a word of the platform in capitals, such as LUNG_CANCER');

/** A code of the site's that means one of the platform's words; it goes before our own table. */
const meaning = { system: z.string().min(1), code: z.string().min(1) };

export const settings = z
  .strictObject({
    /** With its version: `https://platform.aignostics.com/api/v1`. */
    baseUrl: httpUrl.default('https://platform.aignostics.com/api/v1'),
    /** Accounts are people's: somebody logs in once (`npm run login`). */
    auth: z.strictObject({
      /** Issued by the vendor's support. */
      clientId: z.string().min(1),
      /** Where the accounts are, and what a token is for; known for the vendor's own hosts. */
      tenant: httpUrl.optional(),
      audience: z.string().min(1).optional(),
      /** Of a login that was made elsewhere; one made with `npm run login` goes before it. */
      refreshToken: z.string().min(1).optional(),
    }),
    /** Where results come from, bare or with a port; addresses of any other host are refused. */
    storageHosts: z
      .array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be a bare host, such as storage.example'))
      .min(1)
      .default(['storage.googleapis.com']),
    diseases: z.array(z.strictObject({ ...meaning, disease: term })).default([]),
    tissues: z.array(z.strictObject({ ...meaning, tissue: term })).default([]),
    /** Has the platform delete the results when we have them; else it keeps them for 30 days. */
    deleteArtifacts: z.boolean().default(false),
    /** Slides beyond which an order waits for a person. */
    limits: limitsSchema.optional(),
    /** Seconds one request may take. */
    timeout: z.number().min(1).max(300).optional(),
  })
  .superRefine(({ baseUrl, auth }, context) => {
    if (TENANTS[new URL(baseUrl).host] !== undefined) {
      return;
    }
    for (const key of ['tenant', 'audience'] as const) {
      if (auth[key] === undefined) {
        const message = "is needed, because this host's accounts are not known";
        context.addIssue({ code: 'custom', path: ['auth', key], message });
      }
    }
  });
export type Settings = z.infer<typeof settings>;

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/;
export const LATEST = 'latest';

const hours = z.number().positive().max(168);

export const options = z
  .strictObject({
    /** The platform's id of the application: `he-tme`. */
    application: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'an id such as he-tme'),
    /** Results of two versions cannot be compared: a pinned one, or `latest`, said aloud. */
    version: z
      .string()
      .refine((text) => text === LATEST || SEMVER.test(text), `must be a version such as 1.4.0, or ${LATEST}`),
    /** What a slide shows where the order says nothing that is known. */
    disease: term.optional(),
    tissue: term.optional(),
    stain: z.string().min(1).default('H&E'),
    /** Micrometres a pixel of slides whose own header does not say. */
    resolution: z.number().min(0.01).max(10).optional(),
    /** Hours from the order's submission until its results are wanted, and until the platform gives it up. */
    dueHours: hours.optional(),
    deadlineHours: hours.optional(),
    /** Pictures for people are made of the maps. */
    heatMaps: z.boolean().default(true),
  })
  .superRefine(({ dueHours, deadlineHours }, context) => {
    if (dueHours !== undefined && deadlineHours !== undefined && dueHours > deadlineHours) {
      context.addIssue({ code: 'custom', path: ['dueHours'], message: 'must not be after deadlineHours' });
    }
  });
export type Options = z.infer<typeof options>;

/** Where the site's accounts are, and what their tokens are for. */
export function tenantOf({ baseUrl, auth }: Pick<Settings, 'baseUrl' | 'auth'>): { url: string; audience: string } {
  const known = TENANTS[new URL(baseUrl).host];
  return { url: auth.tenant ?? known?.url ?? '', audience: auth.audience ?? known?.audience ?? '' };
}

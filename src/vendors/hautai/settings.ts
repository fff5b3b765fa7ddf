/** What a site sets for Haut.AI, and what a route may choose. */
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';
import { SIDES } from './facts.ts';

const common = {
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .default('https://saas.haut.ai')
    .transform((url) => url.replace(/\/+$/, '')),
  /** A token acts for every company that its user is linked to: the company has to be said. */
  companyId: z.guid(),
  datasetId: z.guid(),
  /** Private token; made in the vendor's portal, it lives until the date chosen there. */
  token: z.string().min(1).optional(),
  tokenExpires: z.iso.date().optional(),
  /** Instead of a token; not for accounts with multi-factor authentication. */
  login: z.strictObject({ username: z.string().min(1), password: z.string().min(1) }).optional(),
  /** Where photos go to and masks come from, bare or with a port; signed URLs of any other host are refused. */
  storageHosts: z
    .array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be a bare host, such as storage.example'))
    .min(1)
    .default(['storage.googleapis.com']),
  /** Name of the application among the results; default: any that begins with `face_skin_metrics_3`. */
  application: z.string().min(1).optional(),
  /** Analyses beyond which an order waits for a person. */
  limits: limitsSchema.optional(),
  /** Seconds one request may take. */
  timeout: z.number().min(1).max(300).optional(),
};

export const settings = z.strictObject(common).superRefine(({ token, login, tokenExpires }, context) => {
  if ((token === undefined) === (login === undefined)) {
    context.addIssue({ code: 'custom', path: ['token'], message: 'give either a token or a login' });
  }
  if (tokenExpires !== undefined && token === undefined) {
    context.addIssue({ code: 'custom', path: ['tokenExpires'], message: 'belongs to a token' });
  }
});
export type Settings = z.infer<typeof settings>;

export const options = z.strictObject({
  /** What a photo shows whose view nobody names; absent: such a photo is refused. */
  defaultView: z.enum(SIDES).optional(),
  /** Which masks are copied: one drawing of each parameter and side, every variant (up to 243), or none. */
  masks: z.enum(['one-set-per-side', 'all', 'none']).default('one-set-per-side'),
  /** Sends the date of birth with a new subject; only where the site's policy allows it. */
  subjectDetails: z.boolean().default(false),
  /** Earlier analyses of the same patient appear in the report. */
  trend: z.boolean().default(true),
});
export type Options = z.infer<typeof options>;

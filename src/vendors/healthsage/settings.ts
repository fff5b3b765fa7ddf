/** What a site sets for HealthSage, and what a route may choose. */
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';

export const settings = z.strictObject({
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
    .default('https://cdt-beta.healthsage.ai')
    .transform((url) => url.replace(/\/+$/, '')),
  apiKey: z.string().min(1),
  /** Requests (one a chunk) beyond which an order waits for a person. */
  limits: limitsSchema.optional(),
  /** Seconds one request may take. */
  timeout: z.number().min(1).max(300).optional(),
});
export type Settings = z.infer<typeof settings>;

export const options = z.strictObject({
  /** Overrides the document's practice setting: "Cardiology". */
  specialty: z.string().trim().min(1).max(100).optional(),
  /** Sends the patient's date of birth; only where ages in the text matter. */
  sendDateOfBirth: z.boolean().default(false),
});
export type Options = z.infer<typeof options>;

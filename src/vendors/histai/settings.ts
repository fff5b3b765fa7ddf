/** What a site sets for HistAI's Datahub, and what a route may choose. */
import { z } from 'zod';
import { limitsSchema } from '../../config/limits.ts';

/** How a purchase is approved; nothing is ever bought without a person. */
const approval = z
  .strictObject({
    /** An approval is good for so long; after it, it has to be given anew. */
    minutes: z.number().int().min(1).max(60).default(15),
    /** So long an order waits for its approver. */
    waitDays: z.number().int().min(1).max(90).default(7),
    /** Who may also approve in the EHR, in the order's Task: `Practitioner/17`. The site trusts it to know who wrote there. */
    inEhr: z
      .array(z.string().regex(/^Practitioner(Role)?\/[A-Za-z0-9.-]{1,64}$/, 'must be like Practitioner/17'))
      .default([]),
  })
  .prefault({});

export const settings = z
  .strictObject({
    baseUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) URL' })
      .default('https://prod.celldx.net')
      .transform((url) => url.replace(/\/+$/, '')),
    /** Made in the vendor's portal, under Profile and settings; the account needs a subscription. */
    apiKey: z.string().regex(/^[\x21-\x7e]+$/, 'must be a key without spaces'),
    /** Lets the saved card be charged by a call of its own. No order does: it is for people's tools. */
    allowTopUp: z.boolean().default(false),
    approval,
    /** Where files are downloaded from, bare or with a port; addresses of any other host are refused. */
    storageHosts: z
      .array(z.string().regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'must be a bare host, such as storage.example'))
      .default([]),
    /** Fetches bought slides into the site's storage; they are gigabytes each. */
    download: z.boolean().default(false),
    /** Also writes a resource for each case, without a patient. */
    caseResources: z.boolean().default(false),
    /** Beyond these an order waits for a person, in addition to the approval that each purchase needs. */
    limits: limitsSchema.optional(),
    /** Seconds one request may take. */
    timeout: z.number().min(1).max(300).optional(),
  })
  .refine(({ download, storageHosts }) => !download || storageHosts.length > 0, {
    message: 'is needed to download slides: the hosts that the links of an export lead to',
    path: ['storageHosts'],
  });
export type Settings = z.infer<typeof settings>;

const YEARS = { youngest: 0, oldest: 120 } as const;
const words = z.array(z.string().trim().min(1).max(200)).min(1).max(50);
const years = z.number().int().min(YEARS.youngest).max(YEARS.oldest);

/** Criteria that the route fixes: they go before those of an order. */
export const options = z.strictObject({
  organ: words.optional(),
  diagnosis: words.optional(),
  /** `H&E`, `HER2`: only slides with these stains are chosen. */
  stains: words.optional(),
  /** Years, both ends included. */
  age: z
    .tuple([years, years])
    .refine(([from, to]) => from <= to, 'must go from the younger to the older age')
    .optional(),
  gender: z.enum(['m', 'f']).optional(),
  malignant: z.boolean().optional(),
  /** Draws the composition as a picture. */
  chart: z.boolean().default(true),
  /** Immunohistochemical markers that a case has a result for. */
  markers: words.optional(),
  /** At most so many cases. */
  cases: z.number().int().min(1).max(10_000).optional(),
  /** At most so many slides of each case. */
  slidesPerCase: z.number().int().min(1).max(100).optional(),
});
export type Options = z.infer<typeof options>;

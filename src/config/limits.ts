/** The spending limits that every vendor's settings carry. */
import { z } from 'zod';

/** Billable units; beyond a limit an order waits for a person. 0 lets nothing through without one; absent: no limit. */
export const limitsSchema = z
  .strictObject({
    /** Per site and vendor, in a calendar day (UTC). */
    perDay: z.number().int().min(0).optional(),
    perOrder: z.number().int().min(0).optional(),
  })
  .prefault({});

export type Limits = z.infer<typeof limitsSchema>;

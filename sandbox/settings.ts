/** What the environment may say of the sandbox. */
import { z } from 'zod';

/** What the environment says cannot be meant; the message has one line for each variable. */
export class WrongSettings extends Error {
  override name = 'WrongSettings';
}

/** A variable that holds a port; `least` is 1 where somebody has to know it beforehand. */
export const port = (least: 0 | 1, otherwise: number) => {
  const error = `must be a whole number from ${least} to 65535`;
  return z.coerce.number({ error }).int(error).min(least, error).max(65_535, error).default(otherwise);
};

export const ehrSettings = {
  SANDBOX_EHR_MANNER: z.enum(['medplum', 'hapi', 'backport']).default('medplum'),
  SANDBOX_TRANSACTIONS: z.enum(['atomic', 'batch', 'none']).default('atomic'),
};

/** The settings in `env`; an empty variable counts as left out. Throws WrongSettings with everything that is wrong. */
export function readSettings<T>(schema: z.ZodType<T>, env: Record<string, string | undefined>): T {
  const given = schema.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!given.success) {
    throw new WrongSettings(given.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'));
  }
  return given.data;
}

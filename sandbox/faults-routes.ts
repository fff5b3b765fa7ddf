/** `/faults`: setting, listing and clearing the named faults over HTTP. */
import express, { type Router } from 'express';
import { z } from 'zod';
import { type Faults, UnknownFault } from './faults.ts';

const request = z.strictObject({
  vendor: z.string(),
  fault: z.string(),
  times: z.int().min(0).max(1_000_000).default(1),
  level: z.number().min(0).optional(),
});

/** POST sets one (`{"vendor","fault","times":1}`, or `"level":20` of a lasting one), GET lists them all, DELETE clears what is set. */
export function faultRoutes(faults: Faults): Router {
  const router = express.Router();
  router.use(express.json());
  router.get('/', (_request, response) => {
    response.json({ faults: faults.list() });
  });
  router.delete('/', (_request, response) => {
    faults.clear();
    response.json({ faults: faults.list() });
  });
  router.post('/', ({ body }, response) => {
    const parsed = request.safeParse(body);
    if (!parsed.success) {
      response.status(400).json({
        error:
          'Expected {"vendor": string, "fault": string, "times": integer from 0 (unset), default 1}, or "level" for a fault with a unit',
        problems: parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`),
      });
      return;
    }
    try {
      const { vendor, fault, times, level } = parsed.data;
      response.json(level === undefined ? faults.set(vendor, fault, times) : faults.setLevel(vendor, fault, level));
    } catch (error) {
      if (!(error instanceof UnknownFault)) {
        throw error;
      }
      response.status(400).json({ error: error.message, known: error.known });
    }
  });
  return router;
}

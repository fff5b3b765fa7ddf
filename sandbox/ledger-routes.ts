/** `/ledger`: what the vendors were asked for and what they would have billed, over HTTP. */
import express, { type Router } from 'express';
import type { Ledger } from './ledger.ts';

/** GET gives every vendor's account, DELETE begins all of them anew. */
export function ledgerRoutes(ledger: Ledger): Router {
  const router = express.Router();
  router.get('/', (_request, response) => {
    response.json({ vendors: ledger.read() });
  });
  router.delete('/', (_request, response) => {
    ledger.reset();
    response.json({ vendors: ledger.read() });
  });
  return router;
}

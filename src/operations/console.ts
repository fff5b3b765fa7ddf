/** The operator's console: a static page that asks the API with the token a person types. */
import { fileURLToPath } from 'node:url';
import express, { Router } from 'express';

const FOLDER = fileURLToPath(new URL('./console/', import.meta.url));

/** Only our own files and our own API; nobody may frame the page or send its forms elsewhere. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

/** `GET /` and the page's files; anything else is left to whoever comes next. */
export function consoleRouter(): Router {
  const router = Router();
  router.use(
    express.static(FOLDER, {
      index: 'index.html',
      redirect: false,
      dotfiles: 'ignore',
      cacheControl: false,
      setHeaders: (response) => {
        response.setHeaders(new Map(Object.entries(HEADERS)));
      },
    }),
  );
  return router;
}

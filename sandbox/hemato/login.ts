/** Sessions: the demo login of the first generations, and that by user and hash of the password. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import { z } from 'zod';
import { context } from './admit.ts';
import { badRequest, envelope, FORBIDDEN, NOT_ALLOWED, PATH_NOT_FOUND, refuse, unauthorized } from './envelope.ts';
import type { Habits } from './profiles.ts';
import type { Tokens } from './tokens.ts';

export interface HematoUser {
  email: string;
  password: string;
  /** False: the user has no access to this region, 403. */
  access?: boolean;
}

const request = z.strictObject({ user: z.string().min(1), pass_hash: z.string().regex(/^[0-9a-f]{64}$/) });

/** `GET /login/demo` and `POST /auth/login`; `readBody` goes before what has a body. */
export function loginRoutes(options: {
  habits: Habits;
  tokens: Tokens;
  users: readonly HematoUser[];
  now: () => Date;
  readBody: RequestHandler[];
}): Router {
  const { habits, tokens, users, now, readBody } = options;
  const router = Router();

  router.get('/login/demo', (_request, response) => {
    if (!habits.demoLogin) {
      return refuse(response, PATH_NOT_FOUND);
    }
    const results = { hemato_ai_auth_token: tokens.mint('demo') };
    response.json(envelope({ bare: true }, 200, results, 0));
  });

  const login: RequestHandler = ({ body }, response) => {
    const parsed = request.safeParse(body);
    if (!parsed.success) {
      return refuse(response, badRequest('expected user and pass_hash, the lower-case hex SHA-256 of the password'));
    }
    const user = users.find(({ email }) => email === parsed.data.user);
    if (!user || !isPassword(user.password, parsed.data.pass_hash)) {
      return refuse(response, unauthorized('user or password is wrong'));
    }
    if (user.access === false) {
      return refuse(response, FORBIDDEN);
    }
    const id = userId(user.email);
    const token = tokens.mint(id);
    const results = habits.bare
      ? { hemato_ai_auth_token: token }
      : {
          login_timestamp: `${BigInt(now().getTime()) * 1_000_000n}`,
          token: { HY_APP_AUTH_v1: token },
          user: { email: user.email, id, screen_name: user.email.replace(/@.*/, ''), user_name: user.email },
        };
    const { login: status } = habits.statuses;
    response.status(status).json(envelope(habits, status, results, context(response).milliseconds));
  };
  router.post('/auth/login', ...readBody, login);
  router.all('/auth/login', (_request, response) => refuse(response, NOT_ALLOWED));
  return router;
}

function isPassword(password: string, hash: string): boolean {
  return timingSafeEqual(createHash('sha256').update(password).digest(), Buffer.from(hash, 'hex'));
}

/** A user's id: a UUID (version 8) of the address, the same at every start. */
function userId(email: string): string {
  const hex = createHash('sha256').update(email).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

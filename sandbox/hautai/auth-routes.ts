/** Logging in, refreshing, and private tokens. */
import type { Response, Router } from 'express';
import { z } from 'zod';
import { callOf } from './admit.ts';
import { HAUTAI_DEFAULTS } from './defaults.ts';
import { notFound, oneError, refuse, throttled, unauthorized } from './errors.ts';
import { instant, readFields, text } from './fields.ts';
import { pageOf } from './paging.ts';
import type { Simulator } from './simulator.ts';

const credentials = z.object({ username: text(254), password: text(1024) });
const refreshing = z.object({ refresh_token: text(4096) });
const privateToken = z.object({ name: text(255), expiration_time: instant });
/** What the vendor's log-in service asks for when there were too many. */
const LOGIN_PAUSE_SECONDS = 60;
const USER_ID = 4021;

export function addAuthRoutes(router: Router, { tokens, options, take, now }: Simulator): void {
  const answer = (response: Response, pair: { access: string; refresh: string }) => {
    response.json({
      id: USER_ID,
      email: options.login.username,
      username: options.login.username,
      company_id: options.companyId,
      token_access: pair.access,
      access_token: pair.access,
      refresh_token: pair.refresh,
      is_verified: true,
      profile: {
        metadata: null,
        full_name: 'Sandbox User',
        kyc_enabled: false,
        terms_payment_accepted_at: null,
        terms_and_policy_accepted_at: true,
        feature_flags: {},
      },
    });
  };

  router.post('/api/v1/auth/login/', (request, response) => {
    if (take('login-throttled-429')) {
      return throttled(response, LOGIN_PAUSE_SECONDS);
    }
    const read = readFields(credentials, request.body);
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const { username, password } = read.fields;
    if (username === HAUTAI_DEFAULTS.mfaUsername) {
      return refuse(response, 400, oneError('mfa_enabled', 'Multi-factor authentication is enabled for this account.'));
    }
    return username === options.login.username && password === options.login.password
      ? answer(response, tokens.issue())
      : refuse(response, 401, oneError('authentication_failed', 'Incorrect authentication credentials.'));
  });

  router.post('/api/v1/auth/refresh/', (request, response) => {
    const read = readFields(refreshing, request.body);
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const pair = tokens.renew(read.fields.refresh_token);
    return pair ? answer(response, pair) : unauthorized(response, true);
  });

  router.post('/api/v1/auth/private_tokens/', (request, response) => {
    const read = readFields(privateToken, request.body);
    if (!('fields' in read)) {
      return refuse(response, 400, read.errors);
    }
    const { name, expiration_time } = read.fields;
    if (Date.parse(expiration_time) <= now().getTime()) {
      return refuse(response, 400, oneError('invalid', 'Expiration time must be in the future.', 'expiration_time'));
    }
    response.status(201).json(tokens.make(name, expiration_time));
  });

  router.get('/api/v1/auth/private_tokens/', (request, response) => {
    const page = pageOf(request, {
      items: tokens.list(),
      searched: ({ name }) => name,
      orderings: { name: ({ name }) => name },
      tell: (token) => token,
    });
    return page ? void response.json(page) : notFound(response, 'Invalid page.');
  });

  router.delete('/api/v1/auth/private_tokens/:id/', (request, response) => {
    callOf(response).keys = { id: request.params.id };
    return tokens.remove(Number(request.params.id)) ? void response.status(204).end() : notFound(response);
  });
}

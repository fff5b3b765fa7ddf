/** The identity provider in the manner of Auth0: the device flow of RFC 8628, the page a person approves it on, refreshing. */
import express, { type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import type { User } from './options.ts';
import type { Simulator } from './simulator.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds by which the pause grows after a question that came too soon. */
const SLOWER = 5;
/** The scope without which there is no refresh token. */
const OFFLINE = 'offline_access';

const form = z.record(z.string(), z.string());
type Form = z.infer<typeof form>;
type Answer = { status: number; body: object };

/** The router that stands for the tenant: `/oauth/device/code`, `/oauth/token`, `/activate`, `/.well-known/jwks.json`. */
export function oauthRoutes(simulator: Simulator): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use(record(simulator));
  router.get('/.well-known/jwks.json', (_request, response) => {
    response.json(simulator.tokens.keys());
  });
  router.get('/activate', (request, response) =>
    activationPage(response, simulator, String(request.query.user_code ?? '')),
  );
  router.use(express.urlencoded({ extended: false, limit: '16kb' }));
  router.post('/activate', ({ body }, response) => {
    const { user_code: code = '', decision, user } = form.catch({}).parse(body);
    response.status(decide(simulator, code, decision === 'deny' ? 'denied' : 'approved', user) ? 200 : 404);
    response
      .type('html')
      .send(
        page(`<p>${response.statusCode === 200 ? 'Done. You can close this page.' : 'There is no such code.'}</p>`),
      );
  });
  for (const [path, answer] of [
    ['/oauth/device/code', openDevice],
    ['/oauth/token', giveToken],
  ] as const) {
    router.post(path, (request, response) => {
      const given = request.is('application/x-www-form-urlencoded') ? form.safeParse(request.body) : undefined;
      const { status, body } = given?.success
        ? answer(given.data, simulator)
        : refusal(400, 'invalid_request', 'The body has to be a form, each field once');
      response.status(status).set('Cache-Control', 'no-store').json(body);
    });
  }
  return router;
}

function record({ ledger }: Simulator): RequestHandler {
  const known = ['/oauth/device/code', '/oauth/token', '/activate', '/.well-known/jwks.json'];
  return (request, response, next) => {
    const path = known.includes(request.path) ? request.path : '/(unknown path)';
    const call = ledger.call({ endpoint: `${request.method} auth0${path}` });
    response.on('finish', () => {
      call.status = response.statusCode;
    });
    next();
  };
}

function openDevice(given: Form, { tokens, options, oauthUrl }: Simulator): Answer {
  const { client_id = '', scope = '', audience = '' } = given;
  if (!options.clientIds.includes(client_id)) {
    return refusal(401, 'invalid_client', 'Unknown client');
  }
  if (!options.audiences.includes(audience)) {
    return refusal(403, 'access_denied', `Service not found: ${audience}`);
  }
  const { code, device } = tokens.openDevice(client_id, scope);
  const uri = `${oauthUrl()}/activate`;
  return answered({
    device_code: code,
    user_code: device.userCode,
    verification_uri: uri,
    expires_in: options.deviceSeconds,
    interval: device.interval,
    verification_uri_complete: `${uri}?user_code=${device.userCode}`,
  });
}

function giveToken(given: Form, simulator: Simulator): Answer {
  const { grant_type = '', client_id = '' } = given;
  if (!simulator.options.clientIds.includes(client_id)) {
    return refusal(401, 'invalid_client', 'Unknown client');
  }
  if (grant_type === DEVICE_GRANT) {
    return ofDevice(given, simulator);
  }
  return grant_type === 'refresh_token'
    ? ofRefreshToken(given, simulator)
    : refusal(403, 'unsupported_grant_type', `Unsupported grant type: ${grant_type}`);
}

function ofDevice({ device_code = '', client_id = '' }: Form, { tokens, options, now }: Simulator): Answer {
  const device = tokens.devices.get(device_code);
  if (device?.clientId !== client_id) {
    return refusal(403, 'invalid_grant', 'Invalid or expired device code.');
  }
  const at = now().getTime();
  const tooSoon = device.asked !== undefined && at - device.asked < device.interval * 1000;
  device.asked = at;
  if (device.expires <= at) {
    tokens.devices.delete(device_code);
    return refusal(403, 'expired_token', 'The device code has expired.');
  }
  if (tooSoon) {
    device.interval += SLOWER;
    return refusal(
      429,
      'slow_down',
      `You are polling faster than the specified interval of ${device.interval} seconds.`,
    );
  }
  if (!device.decision) {
    return refusal(403, 'authorization_pending', 'User has yet to authorize device code.');
  }
  tokens.devices.delete(device_code);
  if (device.decision === 'denied') {
    return refusal(403, 'access_denied', 'User cancelled the confirmation prompt.');
  }
  const { user } = device.decision;
  const offline = device.scope.split(' ').includes(OFFLINE);
  return answered({
    access_token: tokens.issue(user),
    ...(offline && { refresh_token: tokens.newRefreshToken(user, client_id) }),
    ...{ scope: device.scope, expires_in: options.accessSeconds, token_type: 'Bearer' },
  });
}

function ofRefreshToken({ refresh_token = '', client_id = '' }: Form, simulator: Simulator): Answer {
  const { tokens, options, lasts } = simulator;
  const user = lasts('refresh-refused') ? undefined : tokens.redeem(refresh_token, client_id);
  if (!user) {
    return refusal(403, 'invalid_grant', 'Unknown or invalid refresh token.');
  }
  return answered({
    access_token: tokens.issue(user),
    ...(options.rotateRefreshTokens && { refresh_token: tokens.newRefreshToken(user, client_id) }),
    ...{ scope: OFFLINE, expires_in: options.accessSeconds, token_type: 'Bearer' },
  });
}

/** Whether there was such a code to be decided on. `userId`: the first user where it is left out. */
function decide(
  { tokens, options, now }: Simulator,
  code: string,
  decision: 'approved' | 'denied',
  userId?: string,
): boolean {
  const device = [...tokens.devices.values()].find(({ userCode }) => userCode === code.trim().toUpperCase());
  const user: User | undefined =
    userId === undefined ? options.users[0] : options.users.find(({ id }) => id === userId);
  if (!device || device.decision || device.expires <= now().getTime() || !user) {
    return false;
  }
  device.decision = decision === 'denied' ? 'denied' : { user };
  return true;
}

function activationPage(response: Response, { options }: Simulator, given: string): void {
  const users = options.users
    .map(({ id, name }) => `<option value="${escaped(id)}">${escaped(name)}</option>`)
    .join('');
  response.type('html').send(
    page(`<form method="post"><p><label>Code <input name="user_code" value="${escaped(given)}"></label></p>
<p><label>User <select name="user">${users}</select></label></p>
<p><button name="decision" value="approve">Confirm</button> <button name="decision" value="deny">Cancel</button></p></form>`),
  );
}

const page = (content: string) =>
  `<!doctype html>\n<html lang="en"><head><title>Device activation</title></head><body><h1>Device activation</h1>\n${content}\n</body></html>\n`;

const escaped = (text: string) => text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const answered = (body: object): Answer => ({ status: 200, body });

const refusal = (status: number, error: string, error_description: string): Answer => ({
  status,
  body: { error, error_description },
});

/** An authorization server of the device flow (RFC 8628) over real HTTP, and a vendor whose accounts it holds. */
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { AdapterError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import type { LoginPoll, Secrets, Vendor, VendorLogin, VendorSite } from '../../src/vendors/contract.ts';
import type { VendorHttp } from '../../src/vendors/http.ts';
import { openVendorHttp } from '../../src/vendors/http-client.ts';
import { toyVendor } from './toy-vendor.ts';

/** What the person, or the network, does about a code: one answer a poll; the last one stays. */
export type Mood = 'pending' | 'slow_down' | 'denied' | 'expired' | 'confirmed' | 'broken' | 'busy';

export interface DeviceServer {
  url: string;
  moods: Mood[];
  /** Grants that were asked for, in their order. */
  grants: string[];
  /** Refresh tokens that count. */
  valid: Set<string>;
  /** Everything that must never be seen outside. */
  issued: string[];
  codeLife: number;
  close(): Promise<void>;
}

export async function deviceServer(): Promise<DeviceServer> {
  let counter = 0;
  const secret = (kind: string) => {
    const made = `${kind}-secret-${++counter}`;
    it.issued.push(made);
    return made;
  };
  const token = () => {
    const refresh = secret('refresh');
    it.valid.add(refresh);
    return { access_token: secret('access'), refresh_token: refresh, expires_in: 3600 };
  };
  const decide = (mood: Mood): [number, object] => {
    const refusals = { pending: 'authorization_pending', slow_down: 'slow_down', denied: 'access_denied' } as const;
    return mood === 'confirmed'
      ? [200, token()]
      : mood === 'busy'
        ? [503, {}]
        : [400, { error: mood in refusals ? refusals[mood as keyof typeof refusals] : 'expired_token' }];
  };
  const answer = (path: string, form: URLSearchParams): [number, object] | 'broken' => {
    if (path === '/device/code') {
      const codes = { device_code: secret('device'), user_code: 'ABCD-EFGH' };
      const page = `${it.url}/activate`;
      const pages = { verification_uri: page, verification_uri_complete: `${page}?user_code=ABCD-EFGH` };
      return [200, { ...codes, ...pages, interval: 5, expires_in: it.codeLife }];
    }
    const grant = form.get('grant_type') ?? '';
    it.grants.push(grant);
    if (grant !== 'refresh_token') {
      const mood = (it.moods.length > 1 ? it.moods.shift() : it.moods[0]) ?? 'pending';
      return mood === 'broken' ? mood : decide(mood);
    }
    // It rotates: the one that is used is worth nothing from then on.
    return it.valid.delete(form.get('refresh_token') ?? '') ? [200, token()] : [403, { error: 'invalid_grant' }];
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) {
      text += chunk;
    }
    const said = answer(request.url ?? '', new URLSearchParams(text));
    if (said === 'broken') {
      response.destroy();
      return;
    }
    response.writeHead(said[0], { 'content-type': 'application/json' }).end(JSON.stringify(said[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const it: DeviceServer = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    moods: ['confirmed'],
    grants: [],
    valid: new Set(),
    issued: [],
    codeLife: 900,
    async close() {
      server.closeAllConnections();
      server.close();
      await pause(0);
    },
  };
  return it;
}

const code = z.object({
  device_code: z.string(),
  user_code: z.string(),
  verification_uri: z.string(),
  verification_uri_complete: z.string(),
  interval: z.number(),
  expires_in: z.number(),
});
const refused = z.object({ error: z.string() });
const granted = z.object({ refresh_token: z.string() });

async function post(http: VendorHttp, path: string, form: Record<string, string>) {
  const response = await http.request({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new TextEncoder().encode(new URLSearchParams(form).toString()),
    accept: [200, 400],
  });
  return { status: response.status, body: response.json() };
}

const login: VendorLogin = {
  async begin({ http }) {
    const given = code.parse((await post(http, '/device/code', { client_id: 'adapter' })).body);
    return {
      userCode: given.user_code,
      verificationUri: given.verification_uri,
      verificationUriComplete: given.verification_uri_complete,
      deviceCode: given.device_code,
      interval: given.interval,
      expiresIn: given.expires_in,
    };
  },
  async poll({ http }, { deviceCode, interval }): Promise<LoginPoll> {
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
    const { status, body } = await post(http, '/token', { grant_type, device_code: deviceCode });
    if (status === 200) {
      const secret = { token: granted.parse(body).refresh_token };
      return { secret, as: 'dr.koch@hospital.example', until: new Date('2027-03-01T12:00:00Z') };
    }
    const { error } = refused.parse(body);
    return error === 'authorization_pending'
      ? { pending: true, seconds: interval }
      : error === 'slow_down'
        ? { pending: true, seconds: interval + 5 }
        : { ended: error === 'access_denied' ? 'denied' : 'expired' };
  },
};

/** Uses its login up and renews it, as a vendor does whose refresh tokens rotate. */
export async function useLogin({ http, secrets }: { http: VendorHttp; secrets: Secrets }): Promise<void> {
  await secrets.renew('token', async (current) => {
    if (current === undefined) {
      throw new AdapterError('vendor-unauthorized', 'Nobody has logged in with Toy Vendor');
    }
    return granted.parse((await post(http, '/token', { grant_type: 'refresh_token', refresh_token: current })).body)
      .refresh_token;
  });
}

/** A toy whose one step needs the login, and its HTTP client. */
export function vendorWithLogin(url: string): { vendor: Vendor; http: VendorHttp & { close(): Promise<void> } } {
  const { vendor } = toyVendor([
    async (_state, context) => {
      await useLogin(context);
      return { done: { heard: [] } };
    },
  ]);
  const check = async ({ http, secrets }: VendorSite & { secrets?: Secrets }) => {
    if (secrets) {
      await useLogin({ http, secrets });
    }
    return 'the login works';
  };
  const http = openVendorHttp({ baseUrl: url, headers: () => ({}), log: silentLog, vendor: 'Toy Vendor' });
  return { vendor: { ...vendor, login, check }, http };
}

/** `GET /v1/me`: who is calling; with secrets of the organisation, as the vendor has it. These here are none. */
import type { RequestHandler } from 'express';
import { userOf } from './admit.ts';

/** What must never be found in a log, a table or the EHR: a test can look for it. */
export const FAKE_SECRETS = {
  aignostics_bucket_hmac_access_key_id: 'GOOG1SANDBOXKEYID',
  aignostics_bucket_hmac_secret_access_key: 'sandbox-hmac-not-a-secret',
  aignostics_logfire_token: 'sandbox-logfire-not-a-secret',
  aignostics_sentry_dsn: 'https://sandbox-sentry-not-a-secret@o0.ingest.example/1',
} as const;

export const me: RequestHandler = (_request, response) => {
  const { id, email, name, organization } = userOf(response);
  const [given_name = name, family_name = ''] = name.split(' ');
  response.json({
    user: {
      ...{ id, email, email_verified: true, name, given_name, family_name, nickname: given_name.toLowerCase() },
      ...{ picture: null, updated_at: '2026-11-20T07:00:00.000Z' },
    },
    organization: {
      ...{ id: organization.id, name: organization.name, display_name: organization.displayName },
      aignostics_bucket_name: `${organization.name}-platform-bucket`,
      aignostics_bucket_protocol: 'gs',
      ...FAKE_SECRETS,
    },
  });
};

/** Whom the Aignostics simulator knows without being told: what a configuration for the sandbox says. */
export const AIGNOSTICS_DEFAULTS = {
  clientId: 'sandbox-client',
  audience: 'https://aignostics-platform-samia',
  /** Of the first user; always taken, as if somebody had logged in before. */
  refreshToken: 'sandbox-refresh-token',
  /** Of the first user; any that begins with it is one, too, and none of them grows old. */
  accessToken: 'sandbox-token',
  user: { id: 'auth0|65f0c2b1', email: 'bridge@northlab.example', name: 'Lab Bridge' },
  organization: { id: 'org_northlab', name: 'northlab', displayName: 'North Lab' },
} as const;

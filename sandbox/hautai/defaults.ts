/** Whom the Haut.AI simulator knows without being told: what a configuration for the sandbox says. */
export const HAUTAI_DEFAULTS = {
  companyId: '6a1f8f0e-5d5b-4f0b-9a53-0c6d2b7e4f11',
  datasetId: 'c0b7a4de-1f39-4c27-8f6a-3b5e90d2a718',
  /** A private token; any that begins with it is one, too. */
  token: 'sandbox-token',
  username: 'adapter@sandbox.example',
  password: 'sandbox-password',
  /** An account that needs a second factor: the vendor refuses its password log-in. */
  mfaUsername: 'mfa@sandbox.example',
} as const;

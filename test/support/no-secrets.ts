import type { Secrets } from '../../src/vendors/contract.ts';

const none = () => Promise.reject(new Error('this vendor has no secrets'));

/** For vendors that nobody logs in with. */
export const noSecrets: Secrets = { get: none, put: none, forget: none, renew: none };

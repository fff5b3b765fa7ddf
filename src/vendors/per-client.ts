import type { VendorHttp } from './http.ts';

/**
 * What one process knows with a connection and never writes down (access tokens, signed addresses): made when first asked
 * for, gone with the connection that it belongs to.
 */
export function perClient<Memory>(make: () => Memory): (http: VendorHttp) => Memory {
  const memories = new WeakMap<VendorHttp, Memory>();
  return (http) => {
    const known = memories.get(http);
    if (known !== undefined) {
      return known;
    }
    const fresh = make();
    memories.set(http, fresh);
    return fresh;
  };
}

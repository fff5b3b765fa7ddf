/** Where a vendor's signed addresses may lead: they come in answers, and a photo or a slide follows them. */
export interface StoragePlace {
  /** The vendor's own; without TLS only in trials, and then storage may be without, too. */
  baseUrl: string;
  /** Bare hosts, or with a port. */
  storageHosts: readonly string[];
}

/** Whether an address leads to one of the site's storage hosts, over TLS unless the vendor itself is without. */
export function isStorage(address: string, { baseUrl, storageHosts }: StoragePlace): boolean {
  if (!URL.canParse(address)) {
    return false;
  }
  const { protocol, host, hostname, username } = new URL(address);
  const safe = protocol === 'https:' || (protocol === 'http:' && baseUrl.startsWith('http:'));
  const hosts = storageHosts.map((one) => one.toLowerCase());
  return safe && username === '' && (hosts.includes(host) || hosts.includes(hostname));
}

/**
 * The same server under this machine's other name: `localhost` for an address, the address for `localhost`. To whoever
 * calls, it is another origin, as a vendor's storage is.
 *
 * @param url `http://127.0.0.1:8090`
 * @param address what the server listens on, as `server.address()` says it
 */
export function otherName(url: string, address: string): string {
  const other = new URL(url);
  const local = other.hostname === 'localhost';
  other.hostname = !local ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return other.origin;
}

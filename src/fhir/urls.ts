/**
 * Which URL belongs to whom. The token goes to URLs below the site's base and nowhere else, so everything that sends one
 * asks here first.
 */

export interface SiteUrls {
  /** The FHIR base without a trailing slash. */
  readonly base: string;
  /** Below the FHIR base: same scheme, host and port, and the base's path. Only these get the token. */
  isOwn(url: URL): boolean;
  /** On the FHIR server's origin, at whatever path. */
  isOwnOrigin(url: URL): boolean;
  /** One of the site's storage hosts, reached over https (http only where the EHR itself is http). Never gets the token. */
  isStorage(url: URL): boolean;
  /** The URL of a path and query below the base. `|` and the like are encoded: Tomcat refuses them bare. */
  below(pathAndQuery: string): URL;
  /** An absolute or relative URL as the server gave it; undefined where it is none. */
  resolve(url: string): URL | undefined;
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i;

/** Parts of a query that WHATWG URLs leave bare although RFC 3986 does not allow them. */
const BARE = /[|^`{}\\]/g;

/** `storageHosts` are host names, or host:port where only that port shall do. */
export function siteUrls(baseUrl: string, storageHosts: readonly string[] = []): SiteUrls {
  const base = new URL(baseUrl);
  const path = base.pathname.replace(/\/+$/, '');
  const prefix = `${base.origin}${path}`;
  const hosts = new Set(storageHosts.map((host) => host.toLowerCase()));
  const bare = (url: URL) => url.username === '' && url.password === '';
  const isOwnOrigin = (url: URL) => url.origin === base.origin && bare(url);

  return {
    base: prefix,
    isOwnOrigin,
    isOwn: (url) => isOwnOrigin(url) && (url.pathname === path || url.pathname.startsWith(`${path}/`)),
    isStorage: (url) =>
      (url.protocol === 'https:' || (url.protocol === 'http:' && base.protocol === 'http:')) &&
      bare(url) &&
      (hosts.has(url.host.toLowerCase()) || hosts.has(url.hostname.toLowerCase())),
    below: (pathAndQuery) => {
      const encoded = pathAndQuery.replace(BARE, (character) => encodeURIComponent(character));
      return new URL(encoded === '' ? prefix : `${prefix}/${encoded}`);
    },
    resolve: (url) => {
      if (ABSOLUTE.test(url)) {
        return URL.parse(url) ?? undefined;
      }
      return URL.parse(url, `${prefix}/`) ?? undefined;
    },
  };
}

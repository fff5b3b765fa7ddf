/** What the Aignostics simulator can be told. */
import { AIGNOSTICS_DEFAULTS } from './defaults.ts';

/**
 * How a version names what it wants to know of a slide: `base-mpp` (`base_mpp`, `cancer`), `input-slide` (`media-type`,
 * `specimen`), `whole-slide-image` (`media_type`).
 */
export const DIALECTS = ['base-mpp', 'input-slide', 'whole-slide-image'] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface User {
  /** `auth0|65f0c2b1` */
  id: string;
  email: string;
  name: string;
  organization: { id: string; name: string; displayName: string };
}

export interface AignosticsOptions {
  /**
   * Which generation of the API: 1.4 has no `input_artifacts` on items, no organisation on runs, no documents, grants or
   * share tokens, and says 403 where the quota is used up. Default 1.8.
   */
  spec?: '1.4' | '1.8';
  /** All versions in this dialect; default: each in its own. */
  dialect?: Dialect;
  /** Seconds from a run's creation to the end of its first item, half of them in the queue; default 4, 0: at once. */
  secondsUntilDone?: number;
  /** Seconds that each further item takes, a quarter of them waiting (the run is PENDING again meanwhile); default 2. */
  secondsPerItem?: number;
  /** Milliseconds for which a new run cannot be read yet; default 0. */
  replicaLagMs?: number;
  /** Items of others before a new run's first; default 1 of the organisation, 14 of the platform. */
  queue?: { org: number; platform: number };
  /** Slides that an organisation may submit in a calendar month; default: as many as it likes. */
  slidesPerMonth?: number;
  /** A run with more failed items than these is cancelled; default 10. */
  errorThreshold?: number;
  /** What a slide that cannot be fetched does: refuse the run with 400 (default), or fail its item. */
  unreachable?: 'refuse' | 'item-error';
  /** Days for which a signed URL has to be valid where its form is known (Amazon's, Google's, Azure's); default 6. */
  urlDays?: number;
  /** How an artifact's file is given: 307 to the storage (default), or the bytes themselves, as is declared too. */
  artifacts?: 'redirect' | 'proxy';
  /** Rows of `cell_readouts`, default 500. */
  cellRows?: number;
  /** Features of the cells' GeoJSON, default 200. */
  polygons?: number;
  /** Pixels of a heat map's longer side, default 384. */
  mapSize?: number;
  clientIds?: readonly string[];
  audiences?: readonly string[];
  users?: readonly [User, ...User[]];
  /** Seconds that an access token lives; default 86,400. */
  accessSeconds?: number;
  /** Seconds that a device code lives; default 900. */
  deviceSeconds?: number;
  /** Whether each refresh gives a new refresh token and ends the old one; default false: it gives none. */
  rotateRefreshTokens?: boolean;
  /** How long the fault `slow` takes, in milliseconds; default 5,000. */
  slowMs?: number;
}

/** The options with nothing left out. */
export function withDefaults(
  options: AignosticsOptions,
): Required<Omit<AignosticsOptions, 'dialect'>> & AignosticsOptions {
  const { clientId, audience, user, organization } = AIGNOSTICS_DEFAULTS;
  return {
    spec: '1.8',
    secondsUntilDone: 4,
    secondsPerItem: 2,
    replicaLagMs: 0,
    queue: { org: 1, platform: 14 },
    slidesPerMonth: Number.POSITIVE_INFINITY,
    errorThreshold: 10,
    unreachable: 'refuse',
    urlDays: 6,
    artifacts: 'redirect',
    cellRows: 500,
    polygons: 200,
    mapSize: 384,
    clientIds: [clientId],
    audiences: [audience, 'https://aignostics-platform-staging-samia'],
    users: [{ ...user, organization }],
    accessSeconds: 86_400,
    deviceSeconds: 900,
    rotateRefreshTokens: false,
    slowMs: 5_000,
    ...options,
  };
}

export type Settings = ReturnType<typeof withDefaults>;

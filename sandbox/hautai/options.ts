/** What the Haut.AI simulator can be told. */
import { HAUTAI_DEFAULTS } from './defaults.ts';

export interface HautaiOptions {
  /** Seconds from compute to the finished results, by the simulator's clock; default 2, 0: at once. */
  secondsUntilReady?: number;
  /** Seconds that a signed URL for an upload lives; default 900. */
  uploadSeconds?: number;
  /** The one company that the caller is linked to, and its first dataset; see HAUTAI_DEFAULTS. */
  companyId?: string;
  datasetId?: string;
  /** The beginning of every private token that is taken without having been made here. */
  token?: string;
  login?: { username: string; password: string };
  /** What a second compute of the same batch does: nothing (default), or the work, and the bill, again. */
  secondCompute?: 'same' | 'again';
  /** Scores from 0 to 100 (default) or from 0 to 1, as both are seen of the vendor. */
  scoreScale?: 100 | 1;
  /** A mask for each of the 27 parameters (243 files with three sides), not only for those that show on the skin. */
  everyMask?: boolean;
  /** How long the fault `slow` takes, in milliseconds; default 5,000. */
  slowMs?: number;
}

/** The options with nothing left out. */
export function withDefaults(options: HautaiOptions): Required<HautaiOptions> {
  const { companyId, datasetId, token, username, password } = HAUTAI_DEFAULTS;
  return {
    secondsUntilReady: 2,
    uploadSeconds: 900,
    companyId,
    datasetId,
    token,
    login: { username, password },
    secondCompute: 'same',
    scoreScale: 100,
    everyMask: false,
    slowMs: 5_000,
    ...options,
  };
}

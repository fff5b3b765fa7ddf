/** How each site's WebSocket stands, known to every process: the one that holds it says so in the database. */
import { z } from 'zod';
import { asAdapterError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Cursors } from '../../orders/types.ts';
import { parseJson } from '../dialects/resource-body.ts';

export interface Standing {
  open: boolean;
  /** For an operator: `open`, or why it is not. */
  words: string;
}

const shape = z.object({ at: z.iso.datetime(), open: z.boolean(), words: z.string() });

const CURSOR = 'websocket';
/** Said again so often, and believed no longer than: the process that said it may be gone. */
const AGAIN_MILLISECONDS = 30_000;
const BELIEVED_MILLISECONDS = 90_000;

export interface Standings {
  get(site: string): Standing | undefined;
  /** Says it, to the others too: at once where it is news, otherwise now and then. */
  set(site: string, standing: Standing): Promise<void>;
  /** Takes over what another process has said. */
  look(site: string): Promise<void>;
}

export function openStandings(options: { cursors: Cursors; log: Log; now(): Date }): Standings {
  const { cursors, log } = options;
  const known = new Map<string, Standing & { at: number }>();
  const now = () => options.now().getTime();

  return {
    get(site) {
      const standing = known.get(site);
      return standing && now() - standing.at < BELIEVED_MILLISECONDS ? standing : undefined;
    },
    async set(site, { open, words }) {
      const before = known.get(site);
      const isNews = before?.open !== open || before.words !== words;
      if (!isNews && now() - before.at < AGAIN_MILLISECONDS) {
        return;
      }
      const at = now();
      known.set(site, { open, words, at });
      const value = JSON.stringify({ at: new Date(at).toISOString(), open, words });
      await cursors.set(site, CURSOR, value).catch((thrown: unknown) => {
        log.debug({ site, code: asAdapterError(thrown).code }, 'state of the WebSocket not shared');
      });
    },
    async look(site) {
      const said = shape.safeParse(parseJson((await cursors.get(site, CURSOR).catch(() => undefined)) ?? ''));
      if (said.success) {
        const { at, open, words } = said.data;
        known.set(site, { open, words, at: Date.parse(at) });
      }
    },
  };
}

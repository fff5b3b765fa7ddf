/** What the EHR said of its bearers, for a minute: a file is read in many ranges, and each would ask it again. */
import { createHash } from 'node:crypto';
import { AdapterError } from '../errors.ts';

export interface Question {
  site: string;
  token: string;
  resource: { type: string; id: string };
}

export interface EhrReaders {
  /** Throws what the EHR's trouble is, and `ehr-busy` where too many ask at once. */
  mayRead(question: Question): Promise<boolean>;
}

/** A permission that was taken back counts for so long. */
const ALLOWED_MS = 60_000;
/** Whoever guesses does not have the EHR asked at every guess; whoever is let in meanwhile waits this long. */
const REFUSED_MS = 10_000;
const MOST_KEPT = 2000;
/** Anybody may send tokens here: the EHR is spared their flood. */
const MOST_ASKED = 16;

/** `ask` asks the EHR of a site. Tokens are kept only as digests. */
export function openEhrReaders(ask: (question: Question) => Promise<boolean>, now: () => Date): EhrReaders {
  const said = new Map<string, { allowed: boolean; until: number }>();
  const asked = new Map<string, Promise<boolean>>();

  async function askNow(digest: string, question: Question): Promise<boolean> {
    try {
      const allowed = await ask(question);
      said.delete(digest);
      said.set(digest, { allowed, until: now().getTime() + (allowed ? ALLOWED_MS : REFUSED_MS) });
      for (const oldest of said.keys()) {
        if (said.size <= MOST_KEPT) {
          break;
        }
        said.delete(oldest);
      }
      return allowed;
    } finally {
      asked.delete(digest);
    }
  }

  return {
    async mayRead(question) {
      const { site, token, resource } = question;
      const words = [site, resource.type, resource.id, token].join('\n');
      const digest = createHash('sha256').update(words).digest('base64');
      const known = said.get(digest);
      if (known && known.until > now().getTime()) {
        return known.allowed;
      }
      const running = asked.get(digest);
      if (running) {
        return running;
      }
      if (asked.size >= MOST_ASKED) {
        throw new AdapterError('ehr-busy', 'Too many ask at once who may read a file');
      }
      const answer = askNow(digest, question);
      asked.set(digest, answer);
      return answer;
    },
  };
}

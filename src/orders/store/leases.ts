import type { Leases } from '../types.ts';
import type { Database } from './database.ts';

/**
 * Named leases over all processes: one sweep, one registrar, one maker of a token at a time.
 * @param holder unique to this process and start.
 */
export function openLeases(database: Database, holder: string, now: () => Date): Leases {
  const take = async (name: string, seconds: number): Promise<boolean> => {
    const until = new Date(now().getTime() + seconds * 1000);
    const rows = await database.query(
      `insert into leases (name, holder, until) values ($1, $2, $3)
       on conflict (name) do update set holder = $2, until = $3
         where leases.until <= $4 or leases.holder = $2
       returning 1`,
      [name, holder, until, now()],
    );
    return rows.length === 1;
  };
  // Two callers in this process must exclude each other too, although they share the holder's name.
  const here = new Set<string>();
  return {
    async withLease(name, seconds, work) {
      if (here.has(name)) {
        return undefined;
      }
      here.add(name);
      const lost = new AbortController();
      let renewal: NodeJS.Timeout | undefined;
      try {
        if (!(await take(name, seconds))) {
          return undefined;
        }
        renewal = setInterval(
          () =>
            take(name, seconds).then(
              (ours) => ours || lost.abort(),
              () => {},
            ),
          (seconds * 1000) / 3,
        );
        renewal.unref();
        return await work(lost.signal);
      } finally {
        clearInterval(renewal);
        here.delete(name);
        await database.query('delete from leases where name = $1 and holder = $2', [name, holder]).catch(() => {});
      }
    },
  };
}

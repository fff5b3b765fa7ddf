import type { Cursors } from '../types.ts';
import { type Database, one } from './database.ts';

/** Watermarks of sweeps and the starts of routes, by site. */
export function openCursors(database: Database): Cursors {
  const get = async (site: string, name: string): Promise<string | undefined> =>
    (await one<{ value: string }>(database, 'select value from cursors where site = $1 and name = $2', [site, name]))
      ?.value;
  return {
    get,
    async set(site, name, value, onlyIfAbsent = false) {
      await database.query(
        `insert into cursors (site, name, value) values ($1, $2, $3)
         on conflict (site, name) ${onlyIfAbsent ? 'do nothing' : 'do update set value = excluded.value'}`,
        [site, name, value],
      );
      return (await get(site, name)) ?? value;
    },
  };
}

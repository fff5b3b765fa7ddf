/** The doctor's look at what people's logins gave: only the adapter holds it, so it is asked, as for any command. */
import type { Config } from '../../config.ts';
import { loginState } from '../api-schemas.ts';
import { isUpToDate } from '../doctor/database.ts';
import type { DoctorRow } from '../doctor.ts';
import { type AdapterApi, isAnswering, reachAdapter } from './adapter-api.ts';
import { adapterUrl, CommandFailure, type Environment, EXIT } from './command.ts';

export interface DoctorLogins {
  /** Whether a site's login with a vendor works. */
  look(site: string, vendor: string): Promise<Pick<DoctorRow, 'state' | 'detail'>>;
  close(): Promise<void>;
}

const STATES = { none: 'wrong', works: 'ok', refused: 'wrong', unknown: 'wrong' } as const;

/** Reaches the adapter when the first login is looked at, and only then. */
export function openDoctorLogins(env: Environment, config: Config): DoctorLogins {
  let api: Promise<AdapterApi> | undefined;
  return {
    async look(site, vendor) {
      api ??= reach(env, config);
      try {
        const path = `/sites/${encodeURIComponent(site)}/vendors/${encodeURIComponent(vendor)}/login`;
        const { state, detail } = await (await api).get(path, loginState);
        return { state: STATES[state], detail };
      } catch (thrown) {
        if (thrown instanceof CommandFailure) {
          return { state: 'warning', detail: `its login cannot be looked at: ${thrown.message}` };
        }
        throw thrown;
      }
    },
    async close() {
      await api?.then(
        (open) => open.close(),
        () => undefined,
      );
    },
  };
}

/** The doctor migrates nothing, which reaching a database without an adapter would. */
async function reach(env: Environment, config: Config): Promise<AdapterApi> {
  const { url, schema } = config.database;
  if (url && !env.ADAPTER_URL && !(await isAnswering(adapterUrl(env, config))) && !(await isUpToDate(url, schema))) {
    throw new CommandFailure(EXIT.failed, 'the tables are not those of this version');
  }
  return reachAdapter(env, config);
}

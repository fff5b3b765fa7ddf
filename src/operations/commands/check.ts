/** `npm run check`: the doctor's table for every site of ADAPTER_CONFIG. */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Config, SiteConfig } from '../../config.ts';
import { openFhirClient } from '../../fhir/client.ts';
import { silentLog } from '../../log.ts';
import type { Vendor } from '../../vendors/contract.ts';
import { openVendorHttp } from '../../vendors/http-client.ts';
import { vendors as known } from '../../vendors/index.ts';
import { examineDatabase } from '../doctor/database.ts';
import { type DoctorRow, type DoctorSite, examineSites } from '../doctor.ts';
import { adapterUrl, asProcess, type Command, CommandFailure, configFrom, EXIT } from './command.ts';
import { type DoctorLogins, openDoctorLogins } from './doctor-logins.ts';
import { formatTable } from './table.ts';

const HELP = `npm run check [-- --json]
Tries, for every site in ADAPTER_CONFIG: the FHIR server, the access token and its scopes, our Subscriptions,
the resource types that we write, each vendor; and the database.
Exit code: 0 all is well, 1 something is wrong, 64 wrong usage, 78 wrong configuration.
ADAPTER_URL: where the running adapter listens, if it holds the embedded database (http://127.0.0.1:$PORT).`;

/** Seconds that one site gets. */
const SECONDS = 10;

/** The client tries again at once what a server refuses for the moment: the doctor has no time for long waits. */
const quickly = (ms: number, signal: AbortSignal) => pause(Math.min(ms, 300), undefined, { signal });

interface Opened extends DoctorSite {
  close(): Promise<unknown>;
}

function openSite(config: SiteConfig, registry: Readonly<Record<string, Vendor>>, logins: DoctorLogins): Opened {
  const others = Object.keys(config.vendors).some((name) => registry[name]?.others === true);
  const client = openFhirClient({ site: config.name, config: config.fhir, log: silentLog, wait: quickly, others });
  const vendors = Object.entries(config.vendors).flatMap(([name, settings]) => {
    const vendor = registry[name];
    if (!vendor) {
      return [];
    }
    const { baseUrl, timeout } = vendor.connect(settings);
    const http = openVendorHttp({ baseUrl, timeout, headers: () => ({}), log: silentLog, vendor: vendor.title });
    return [{ vendor, settings, http, ...(vendor.login && { login: () => logins.look(config.name, name) }) }];
  });
  return {
    config,
    client,
    vendors,
    close: () => Promise.all([client.close(), ...vendors.map(({ http }) => http.close())]),
  };
}

/** What can be said without asking anybody. */
function lookAtConfig(config: Config): DoctorRow[] {
  const operated = config.console.users.some(({ roles }) => roles.includes('operator'));
  const detail = operated
    ? `${config.console.users.length} users, an operator among them`
    : 'console.users names no operator: nobody can retry, cancel or sweep';
  return [{ site: '', subject: 'console', state: operated ? 'ok' : 'warning', detail }];
}

/** The command; see HELP. */
export const check: Command = async (words, env, terminal) => {
  const { values } = parseArgs({
    args: words,
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  if (values.help) {
    terminal.out(HELP);
    return EXIT.done;
  }
  const config = configFrom(env);
  if (!config) {
    throw new CommandFailure(EXIT.config, 'ADAPTER_CONFIG names no configuration file, so there is nothing to check');
  }
  const logins = openDoctorLogins(env, config);
  const sites = config.sites.map((site) => openSite(site, known, logins));
  const [database, examined] = await Promise.all([
    examineDatabase(config.database, adapterUrl(env, config)),
    examineSites(sites, { publicUrl: config.http.publicUrl, seconds: SECONDS }),
  ]);
  // What still hangs after its time is not waited for.
  await Promise.race([
    Promise.all([logins.close(), ...sites.map((site) => site.close())]),
    pause(1000, undefined, { ref: false }),
  ]);
  const rows = [...database, ...lookAtConfig(config), ...examined];
  terminal.out(values.json ? JSON.stringify(rows, undefined, 2) : tableOf(rows));
  return rows.some(({ state }) => state === 'wrong') ? EXIT.failed : EXIT.done;
};

function tableOf(rows: DoctorRow[]): string {
  const count = (state: DoctorRow['state']) => rows.filter((row) => row.state === state).length;
  const table = formatTable([
    ['SITE', 'SUBJECT', 'STATE', 'DETAIL'],
    ...rows.map(({ site, subject, state, detail }) => [site || '-', subject, state, detail]),
  ]);
  return `${table}\n\n${count('ok')} ok, ${count('warning')} warnings, ${count('wrong')} wrong`;
}

if (import.meta.main) {
  await asProcess(check);
  // A request that hangs must not keep the process.
  process.exit();
}

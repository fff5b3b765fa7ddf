/** `npm run sandbox`: the EHR and the vendors alone, for an adapter that runs elsewhere with its own configuration. */
import { z } from 'zod';
import { AIGNOSTICS_DEFAULTS } from './aignostics/defaults.ts';
import { HAUTAI_DEFAULTS } from './hautai/defaults.ts';
import { SANDBOX_USER } from './hemato/routes.ts';
import { HISTAI_DEFAULTS } from './histai/defaults.ts';
import { openSandbox, PATHS } from './index.ts';
import { ehrSettings, port, readSettings, WrongSettings } from './settings.ts';

const settings = z.object({ SANDBOX_PORT: port(0, 8090), ...ehrSettings });

const MANNERS = { medplum: "Medplum's", hapi: "HAPI's", backport: "a topic server's" } as const;

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Says what is wrong in one line, and ends. */
function fail(line: string, exitCode: number): never {
  process.stderr.write(`${line}\n`);
  process.exit(exitCode);
}

function settingsOf(env: NodeJS.ProcessEnv): z.infer<typeof settings> {
  try {
    return readSettings(settings, env);
  } catch (error) {
    return fail(error instanceof WrongSettings ? error.message : String(error), 78);
  }
}

const { SANDBOX_PORT, SANDBOX_EHR_MANNER: manner, SANDBOX_TRANSACTIONS: transactions } = settingsOf(process.env);

// Before the start, so that a stop in the middle of it is a clean one, too.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => process.exit(0));
}

const sandbox = await openSandbox({ port: SANDBOX_PORT, manner, transactions }).catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why: Record<string, string> = {
    EADDRINUSE: `Port ${SANDBOX_PORT} is in use; set SANDBOX_PORT to another one`,
    EACCES: `Port ${SANDBOX_PORT} may not be opened by this user; set SANDBOX_PORT to another one`,
  };
  return fail(why[String(code)] ?? `The sandbox could not start: ${String(error)}`, 1);
});

const { url } = sandbox;
print(`The sandbox is up at ${url}`);
print(`  EHR         ${url}${PATHS.ehr}  (in ${MANNERS[manner]} manner, transactions: ${transactions})`);
print(`  Storage     ${url}${PATHS.storage}`);
print(`  HealthSage  ${url}${PATHS.healthsage}  (any key that begins with sandbox-)`);
print(`  Hemato.AI   ${url}${PATHS.hemato}  (2023 profile; ${SANDBOX_USER.email} with ${SANDBOX_USER.password})`);
print(
  `  Haut.AI     ${url}${PATHS.hautai}  (token ${HAUTAI_DEFAULTS.token}, company ${HAUTAI_DEFAULTS.companyId}, dataset ${HAUTAI_DEFAULTS.datasetId})`,
);
print(
  `  Aignostics  ${url}${PATHS.aignostics}/api/v1  (tenant ${url}${PATHS.aignostics}/auth0, client ${AIGNOSTICS_DEFAULTS.clientId}, refresh token ${AIGNOSTICS_DEFAULTS.refreshToken})`,
);
print(`  HistAI      ${url}${PATHS.histai}  (key ${HISTAI_DEFAULTS.apiKey})`);
print(
  `  Faults      ${url}${PATHS.faults}  (GET lists them, POST {"vendor","fault","times" or "level"} sets one, DELETE clears)`,
);
print(`  Ledger      ${url}${PATHS.ledger}  (what the vendors were asked for and would have billed)`);

/** `npm run sandbox`: the EHR and the vendors alone, for an adapter that runs elsewhere with its own configuration. */
import { z } from 'zod';
import { openSandbox, PATHS } from './index.ts';

const settings = z.object({
  SANDBOX_PORT: z.coerce.number().int().min(0).max(65_535).default(8090),
  SANDBOX_EHR_MANNER: z.enum(['medplum', 'hapi']).default('medplum'),
  SANDBOX_TRANSACTIONS: z.enum(['atomic', 'batch', 'none']).default('atomic'),
});

const print = (line: string) => process.stdout.write(`${line}\n`);

/** Says what is wrong in one line, and ends. */
function fail(line: string, exitCode: number): never {
  process.stderr.write(`${line}\n`);
  process.exit(exitCode);
}

const given = settings.safeParse(process.env);
if (!given.success) {
  fail(given.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('\n'), 78);
}
const { SANDBOX_PORT: port, SANDBOX_EHR_MANNER: manner, SANDBOX_TRANSACTIONS: transactions } = given.data;

// Before the start, so that a stop in the middle of it is a clean one, too.
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => process.exit(0));
}

const sandbox = await openSandbox({ port, manner, transactions }).catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why: Record<string, string> = {
    EADDRINUSE: `Port ${port} is in use; set SANDBOX_PORT to another one`,
    EACCES: `Port ${port} may not be opened by this user; set SANDBOX_PORT to another one`,
  };
  return fail(why[String(code)] ?? `The sandbox could not start: ${String(error)}`, 1);
});

const { url } = sandbox;
print(`The sandbox is up at ${url}`);
print(
  `  EHR         ${url}${PATHS.ehr}  (in ${manner === 'hapi' ? "HAPI's" : "Medplum's"} manner, transactions: ${transactions})`,
);
print(`  Storage     ${url}${PATHS.storage}`);
print(`  HealthSage  ${url}${PATHS.healthsage}  (any key that begins with sandbox-)`);
print(`  Faults      ${url}${PATHS.faults}  (GET lists them, POST {"vendor","fault","times"} sets one, DELETE clears)`);
print(`  Ledger      ${url}${PATHS.ledger}  (what the vendors were asked for and would have billed)`);

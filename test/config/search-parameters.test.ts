import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('the table of search parameters is what the installed definitions give', async () => {
  const script = fileURLToPath(new URL('../../scripts/search-parameters.ts', import.meta.url));
  // Rejects, with what the script says, unless it exits with 0.
  await promisify(execFile)(process.execPath, [script, '--check']);
});

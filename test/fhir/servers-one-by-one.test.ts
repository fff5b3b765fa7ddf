/** One publication on servers that have no transactions, or whose transactions cannot be used. */
import { test } from 'node:test';
import { type Kind, kind, survives } from './servers-support.ts';

const NONE = { options: { transactions: 'none' } } as const;
const BATCH = { options: { transactions: 'batch' } } as const;
const PECULIAR = { representation: true, created: true, preconditionFailed: true } as const;

const KINDS: Kind[] = [
  kind('transactions that are secretly batches', 'medplum', {}, BATCH),
  kind('secretly batches, answering otherwise', 'medplum', PECULIAR, BATCH),
  kind('no transactions, If-None-Exist', 'medplum', {}, NONE),
  kind('no transactions, no If-None-Exist', 'medplum', { conditionalCreate: true }, NONE),
  kind('no transactions, client ids (updateCreate)', 'hapi', { conditionalCreate: true }, NONE),
  kind('no transactions, no versions', 'medplum', { versions: true, conditionalCreate: true }, NONE),
  kind('2 entries, which is too few for any transaction', 'medplum', { entries: 2 }),
  kind('no Procedures, a bare 403', 'medplum', { types: ['Procedure'], typesSaid: 'bare' }, { without: ['Procedure'] }),
  kind('no Media, a bare 403', 'hapi', { types: ['Media'], typesSaid: 'bare' }, { without: ['Media'] }),
  kind('no Binaries, no transactions', 'medplum', { types: ['Binary'] }, { ...NONE, without: ['Binary'] }),
  kind('no Provenances, a bare 403', 'hapi', { types: ['Provenance'], typesSaid: 'bare' }, { without: ['Provenance'] }),
  kind('no Provenances, no transactions', 'medplum', { types: ['Provenance'] }, { ...NONE, without: ['Provenance'] }),
];

for (const [turn, server] of KINDS.entries()) {
  test(`the same set stands, once, whichever write breaks in the middle: ${server.name}`, (t) =>
    survives(t, server, turn));
}

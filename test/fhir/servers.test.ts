/** One publication on every kind of server we may meet whose transactions can be used; the others are beside. */
import { test } from 'node:test';
import { type Kind, kind, survives } from './servers-support.ts';

const R4B = { options: { topics: { flavour: 'r4b' } } } as const;
/** All that answer in their own way. */
const PECULIAR = { representation: true, created: true, preconditionFailed: true } as const;

const KINDS: Kind[] = [
  kind('R4 with transactions, no client ids (Medplum)', 'medplum'),
  kind('R4 with transactions and client ids (HAPI)', 'hapi'),
  kind('R4B', 'backport', {}, R4B),
  kind('R4B, answering otherwise', 'backport', PECULIAR, R4B),
  kind('transactions, no versions', 'medplum', { versions: true }),
  kind('empty answers to writes', 'hapi', { representation: true }),
  kind('200 for 201 and 409 for 412', 'medplum', { created: true, preconditionFailed: true }),
  kind('8 entries, known to the site', 'medplum', { entries: 8 }, { entries: 8 }),
  kind('8 entries, found out by a 413', 'medplum', { entries: 8 }),
  kind('5 entries, found out by too-costly', 'hapi', { entries: 5, entriesSaid: 'too-costly' }),
  kind('4 entries, found out in Azure’s words', 'medplum', { entries: 4, entriesSaid: 'azure', ...PECULIAR }),
  kind(
    'no Procedures, by its statement',
    'medplum',
    { types: ['Procedure'], typesSaid: 'declared' },
    { without: ['Procedure'] },
  ),
  kind('no Procedures, said when they come', 'hapi', { types: ['Procedure'] }, { without: ['Procedure'] }),
  kind('no Media, said when they come', 'medplum', { types: ['Media'] }, { without: ['Media'] }),
  kind('no Binaries, by its statement', 'hapi', { types: ['Binary'], typesSaid: 'declared' }, { without: ['Binary'] }),
];

for (const [turn, server] of KINDS.entries()) {
  test(`the same set stands, once, whichever write breaks in the middle: ${server.name}`, (t) =>
    survives(t, server, turn));
}

/**
 * The simulator's terminology: some 330 real SNOMED CT concepts that ordinary clinic notes talk of.
 *
 * Codes and names are SNOMED CT's (© SNOMED International); the fully specified names are those of the International
 * Edition, or what the vendor shows for a concept where it shows one.
 */
import { CARDIOLOGY } from './concepts/cardiology.ts';
import { ENDOCRINOLOGY } from './concepts/endocrinology.ts';
import { FINDINGS } from './concepts/findings.ts';
import { GENERAL_MEDICINE } from './concepts/general-medicine.ts';
import { NEUROLOGY } from './concepts/neurology.ts';
import { ONCOLOGY } from './concepts/oncology.ts';
import { PROCEDURES } from './concepts/procedures.ts';

export interface Concept {
  code: string;
  /** The fully specified name with its semantic tag: `Heart failure (disorder)`. */
  term: string;
  /** The semantic tag: disorder, finding, procedure, regime/therapy … */
  type: string;
  /** Names found in any case and in British or American spelling. */
  synonyms: string[];
  /** Names found only in exactly this case. */
  abbreviations: string[];
}

/** What `snomed_ct_version` says: a date, not a SNOMED version URI. */
export const SNOMED_CT_VERSION = '2026-01-01';

const TABLES = [CARDIOLOGY, ENDOCRINOLOGY, FINDINGS, GENERAL_MEDICINE, NEUROLOGY, ONCOLOGY, PROCEDURES];

/** All concepts; the order is that of the tables. */
export const CONCEPTS: readonly Concept[] = TABLES.flatMap((table) => table.trim().split('\n').map(readLine));

function readLine(line: string): Concept {
  const [code = '', term = '', synonyms = '', abbreviations = ''] = line.split('|').map((cell) => cell.trim());
  const type = /\(([^()]+)\)$/.exec(term)?.[1];
  if (!type) {
    throw new Error(`No semantic tag in the concept ${code}`);
  }
  return { code, term, type, synonyms: names(synonyms), abbreviations: names(abbreviations) };
}

function names(cell: string): string[] {
  return cell
    .split(';')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Reads the table of a slide as it streams by: a comment line, a header of thousands of columns, one row of numbers. */
import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { AdapterError } from '../../errors.ts';
import { LIMITS } from './facts.ts';
import { NAMED_COLUMNS } from './readout-table.ts';
import type { Readouts } from './state.ts';

export type Read = { readouts: Readouts } | { unreadable: string };

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** A cell's number; null for a blank, NaN and whatever else is none. */
function numberIn(cell: string | undefined): number | null {
  const text = cell?.trim() ?? '';
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function rowsToReadouts([header, row, another]: string[][]): Read {
  if (!header || !row) {
    return { unreadable: 'it has no row of values' };
  }
  if (another) {
    // Whose numbers the first row's are would be a guess.
    return { unreadable: 'it has more than one row' };
  }
  if (header.length !== row.length) {
    return { unreadable: 'its header and its values do not match' };
  }
  const names = header.map((name) => name.trim());
  const named = names.filter((name) => NAMED_COLUMNS.has(name));
  if (new Set(named).size < named.length) {
    return { unreadable: 'a column stands in it twice' };
  }
  const values = named.map((name): [string, number | null] => [name, numberIn(row[names.indexOf(name)])]);
  return { readouts: { values: Object.fromEntries(values), columns: header.length } };
}

/**
 * The readouts that our table names. No more than three rows of bounded length are ever held. Errors of the stream itself
 * come through; a table that is none is told in words.
 */
export async function readReadouts(csv: Readable): Promise<Read> {
  const rows: string[][] = [];
  const parser = parse({
    bom: true,
    comment: '#',
    comment_no_infix: true,
    max_record_size: LIMITS.row,
    relax_column_count: true,
    skip_empty_lines: true,
    to: 3,
  });
  // A stream that fails has to fail its reader.
  csv.once('error', (error) => parser.destroy(error));
  csv.pipe(parser);
  try {
    for await (const row of parser) {
      if (!isRow(row) || row.length > LIMITS.columns) {
        return { unreadable: `it has more than ${LIMITS.columns} columns` };
      }
      rows.push(row);
    }
  } catch (thrown) {
    if (thrown instanceof CsvError) {
      return { unreadable: 'it is no table that can be read' };
    }
    throw thrown instanceof AdapterError
      ? thrown
      : new AdapterError('storage-unavailable', 'A result of Aignostics could not be read back', { cause: thrown });
  } finally {
    csv.destroy();
  }
  return rowsToReadouts(rows);
}

const isRow = (row: unknown): row is string[] => Array.isArray(row) && row.every((cell) => typeof cell === 'string');

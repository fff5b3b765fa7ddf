/** Rows as aligned text, the first one the heading. Control characters, which could steer a terminal, become spaces. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((cell) => cell.replaceAll(/\p{Cc}+/gu, ' ')));
  const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map((row) => length(row[column] ?? ''))));
  return clean
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - length(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const length = (text: string): number => [...text].length;

/** "Did you mean": the nearest known word to a mistyped one. */

/** How many characters have to be inserted, removed, replaced or swapped with their neighbour to make `a` of `b`. */
function distance(a: string, b: string): number {
  let older: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (older[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    older = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The known word that `word` was most likely meant to be; undefined where none is near (a third of its letters). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  // Nobody mistypes a key into a hundred characters; the table would only cost time.
  if (word.length > 100) {
    return undefined;
  }
  let best: { name: string; score: number } | undefined;
  for (const name of known) {
    const score = distance(word.toLowerCase(), name.toLowerCase());
    if (score <= Math.max(1, Math.ceil(name.length / 3)) && (best === undefined || score < best.score)) {
      best = { name, score };
    }
  }
  return best?.name;
}

/** `; did you mean "port"?`, or nothing. */
export function suggestion(word: string, known: Iterable<string>): string {
  const name = nearest(word, known);
  return name === undefined ? '' : `; did you mean "${name}"?`;
}

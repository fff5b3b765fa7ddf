/** Puts together what several places of the notes say of the same thing. Pure. */
import { type Item, type Left, weaker } from './items.ts';

const unique = <T>(items: readonly T[], key: (item: T) => string): T[] => [
  ...new Map(items.map((item) => [key(item), item])).values(),
];
const sameWords = (evidence: Item['evidence']) => unique(evidence, (words) => JSON.stringify(words));

const codeOf = ({ concept, code, term }: Pick<Item, 'concept' | 'code' | 'term'>) =>
  `${concept}|${code ?? term.toLowerCase()}`;
const timeOf = ({ onset, end }: Item) => [onset.date ?? onset.words ?? '', end.date ?? end.words ?? ''].join('|');

function groups<T>(items: readonly T[], key: (item: T) => string): T[][] {
  return [...Map.groupBy(items, key).values()];
}

/** One of several: the weaker certainty where they differ, and every place where it stands. */
function together(items: readonly Item[]): Item {
  const [first, ...others] = items;
  if (!first) {
    throw new RangeError('nothing to put together');
  }
  const certainty = items.reduce((least, item) => weaker(least, item.certainty), first.certainty);
  const differ = items.some((item) => item.certainty !== certainty);
  const entry = items.find((item) => item.entry)?.entry;
  const remarks = items.flatMap((item) =>
    items.every(({ past }) => past)
      ? item.remarks
      : item.remarks.filter((remark) => !item.past || !/history/.test(remark)),
  );
  return others.length === 0
    ? first
    : {
        ...first,
        certainty,
        stated: items.every(({ stated }) => stated),
        past: items.every(({ past }) => past),
        ...(entry ? { entry } : {}),
        evidence: sameWords(items.flatMap(({ evidence }) => evidence)),
        remarks: [
          ...new Set([
            ...remarks,
            ...(differ
              ? [`The text is not equally certain everywhere; the weaker statement (${certainty}) is recorded.`]
              : []),
          ]),
        ],
      };
}

/**
 * Equal code, kind, date and end date are one. A disorder mentioned without a date is the dated one of the same code where
 * there is just one: letters name it in the history and again in the plan.
 */
export function merge(items: readonly Item[]): Item[] {
  const byTime = groups(items, (item) => `${codeOf(item)}|${timeOf(item)}`).map(together);
  return groups(byTime, codeOf).flatMap((same) => {
    const dated = same.filter((item) => timeOf(item) !== '|');
    const one = dated[0];
    return same[0]?.concept === 'disorder' && one && dated.length === 1 && same.length > 1
      ? [together([one, ...same.filter((item) => item !== one)])]
      : same;
  });
}

/** Equal things left out for the same reason are one line with every place. */
export function mergeLeft(left: readonly Left[]): Left[] {
  return groups(left, (item) => `${codeOf({ ...item, concept: 'finding' })}|${item.why}`).flatMap(
    ([first, ...others]) =>
      first ? [{ ...first, evidence: sameWords([first, ...others].flatMap(({ evidence }) => evidence)) }] : [],
  );
}

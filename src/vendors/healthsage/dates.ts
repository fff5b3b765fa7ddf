/** Dates as the vendor states them: whole, partial or relative to the letter. Never made more precise than they are. Pure. */

/** A whole or partial date of the calendar; a time, if any, is cut off; undefined for anything else. */
export function partialDate(value: string | undefined): string | undefined {
  const match = /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?$/.exec(value?.trim() ?? '');
  if (!match?.[1] || Number(match[1]) < 1800) {
    return undefined;
  }
  const [, year, month, day] = match;
  if (month === undefined) {
    return year;
  }
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1)));
  const real = date.getUTCMonth() + 1 === Number(month) && date.getUTCDate() === Number(day ?? 1);
  return real ? [year, month, day].filter(Boolean).join('-') : undefined;
}

/** How a partial date lies to a whole one: wholly before it, wholly after it, or neither. */
export function relation(date: string, letterDate: string): 'before' | 'after' | 'within' {
  const same = letterDate.slice(0, date.length);
  return date < same ? 'before' : date > same ? 'after' : 'within';
}

/** Whether one date is the other said less precisely, or the same. */
export function agree(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** The year that `(Y-4)` means in a letter of that date. Other units are not documented and stay words. */
export function yearOf(relative: string | undefined, letterDate: string): string | undefined {
  const years = /^\(?Y\s*-\s*(\d{1,3})\)?$/.exec(relative?.trim() ?? '')?.[1];
  return years === undefined ? undefined : String(Number(letterDate.slice(0, 4)) - Number(years));
}

/** When something was: a date, perhaps derived, or only words. */
export interface When {
  date?: string;
  words?: string;
  remarks: string[];
}

interface Stated {
  date?: string | undefined;
  relative?: string | undefined;
  /** The date in the vendor's FHIR entry. */
  entry?: string | undefined;
}

/**
 * The extraction's own date; else a year derived from a relative one; else what the FHIR entry says; else the words.
 * `weak`: the letter's date is only a guess, so nothing is counted from it.
 */
export function whenOf(stated: Stated, letterDate: string, weak: boolean): When {
  const own = partialDate(stated.date);
  const derived = weak ? undefined : yearOf(stated.relative, letterDate);
  const remarks =
    stated.date && !own ? [`The stated date "${stated.date.slice(0, 40)}" is none that can be recorded.`] : [];
  const entry = partialDate(stated.entry);
  const choice = own ?? derived ?? (stated.relative ? undefined : entry);
  if (choice === undefined) {
    return { ...(stated.relative ? { words: `${stated.relative.slice(0, 100)} relative to the note` } : {}), remarks };
  }
  if (relation(choice, letterDate) === 'after' && !weak) {
    return { date: choice, remarks: [...remarks, 'The date lies after that of the note.'] };
  }
  const told =
    own || !derived ? [] : [`The year ${derived} is derived from "${stated.relative}" and the date of the note.`];
  const doubt =
    own && entry && !agree(own, entry)
      ? ['The vendor states two different dates; the one of its extraction is used.']
      : [];
  return { date: choice, remarks: [...remarks, ...told, ...doubt] };
}

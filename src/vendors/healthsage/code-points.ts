/**
 * Text addressed by Unicode code points, as the vendor's offsets and ours are; JavaScript's own are UTF-16 units.
 * Half-open ranges, everywhere.
 */
export interface PointText {
  readonly text: string;
  /** In code points. */
  readonly length: number;
  slice(start: number, end: number): string;
  /** The UTF-16 index of a code point index. */
  toUnits(point: number): number;
  /** The code point index of a UTF-16 index; one within a surrogate pair counts as its beginning. */
  toPoints(unit: number): number;
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most);

/** Indexes a text once, so that both directions are quick. A text of the basic plane needs no index at all. */
export function pointText(text: string): PointText {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) {
    const same = (index: number) => clamp(index, text.length);
    return {
      text,
      length: text.length,
      slice: (start, end) => text.slice(same(start), same(end)),
      toUnits: same,
      toPoints: same,
    };
  }
  const units: number[] = [];
  for (let unit = 0; unit < text.length; unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1) {
    units.push(unit);
  }
  const length = units.length;
  const toUnits = (point: number) => (point >= length ? text.length : (units[clamp(point, length)] ?? 0));
  const toPoints = (unit: number) => {
    if (unit >= text.length) {
      return length;
    }
    let low = 0;
    let high = length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((units[middle] ?? 0) <= unit) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  };
  return { text, length, slice: (start, end) => text.slice(toUnits(start), toUnits(end)), toUnits, toPoints };
}

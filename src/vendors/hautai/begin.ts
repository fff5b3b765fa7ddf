/** Reads out of an order which photo shows which side. Pure. */
import type { OrderInput, Reason, Refusal, VendorOrder } from '../contract.ts';
import { PICTURES, SIDES } from './facts.ts';
import type { Options } from './settings.ts';
import { sideOf } from './sides.ts';
import type { Photo, State } from './state.ts';

const refuse = (code: Reason['code'], text: string): Refusal => ({ refuse: { code, text } });

function photoOf(input: OrderInput, options: Options): Photo | undefined {
  const side = sideOf(input.picture?.view) ?? (input.picture?.view === undefined ? options.defaultView : undefined);
  return side && { side, input: input.name, ...(input.date === undefined ? {} : { date: input.date }) };
}

/** Why these inputs cannot be analysed; undefined where they can. */
function fault(inputs: OrderInput[], photos: (Photo | undefined)[]): Refusal | undefined {
  if (inputs.length === 0) {
    return refuse('order-incomplete', 'The order has no photo of the face.');
  }
  if (inputs.length > PICTURES.most) {
    return refuse(
      'order-incomplete',
      `The order has ${inputs.length} photos; the skin analysis takes one of the front, one of the left and one of the right.`,
    );
  }
  if (inputs.some(({ contentType }) => !PICTURES.types.some((type) => type === contentType))) {
    return refuse('input-unsupported', 'The skin analysis takes photos as JPEG or PNG only.');
  }
  if (photos.includes(undefined)) {
    return refuse(
      'order-incomplete',
      'A photo does not say which side of the face it shows; please state its view as front, left or right (of the subject).',
    );
  }
  const double = SIDES.find((side) => photos.filter((photo) => photo?.side === side).length > 1);
  return double === undefined
    ? undefined
    : refuse(
        'order-incomplete',
        `More than one photo shows the ${double} of the face; please order with one of each side.`,
      );
}

export function begin(order: VendorOrder<Options>): State | Refusal {
  if (!order.patient) {
    return refuse('order-incomplete', 'The order does not say which patient the photos show.');
  }
  const inputs = order.inputs.filter(({ kind }) => kind === 'picture');
  const photos = inputs.map((input) => photoOf(input, order.options));
  const wrong = fault(inputs, photos);
  if (wrong) {
    return wrong;
  }
  const sorted = SIDES.flatMap((side) => photos.filter((photo) => photo !== undefined && photo.side === side));
  return {
    phase: 'subject',
    photos: sorted.flatMap((photo) => photo ?? []),
    subjects: 1,
    opening: 1,
    analysis: 1,
    looks: 0,
    earlier: [],
    retry: [],
    lost: [],
  };
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T.+(Z|[+-]\d{2}:\d{2})$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** When the photos were taken, as the EHR states it: the front's date, else the first one that there is. */
export function takenAt(photos: readonly Photo[]): string | undefined {
  return photos.find(({ date }) => date !== undefined)?.date;
}

/**
 * The same as the instant that the vendor wants; a day alone counts from its beginning in UTC, and anything vaguer is
 * left out rather than made up.
 */
export function creationTime(photos: readonly Photo[]): string | undefined {
  const date = takenAt(photos);
  const at = date !== undefined && (INSTANT.test(date) || DAY.test(date)) ? Date.parse(date) : Number.NaN;
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}

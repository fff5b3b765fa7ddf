/** Whether an order can be done at all. Pure: what the version itself wants is asked of the platform in the next step. */
import type { OrderInput, Reason, Refusal, VendorOrder } from '../contract.ts';
import { stainOf } from './indication.ts';
import type { Options } from './settings.ts';
import type { State } from './state.ts';

const refuse = (code: Reason['code'], text: string): Refusal => ({ refuse: { code, text } });

/** An extension's URL that states micrometres a pixel, as sites spell it. */
const RESOLUTION =
  /(?:^|[/:#_-])(?:mpp|resolution[_-]?mpp|base[_-]?mpp|microns?[_-]per[_-]pixel|micrometres[_-]per[_-]pixel)$/i;

/** As the slide's header says; where it does not, as the EHR does, else the route. */
function resolutionOf({ slide }: OrderInput, { resolution }: Options): number | undefined {
  const stated = slide?.extension
    .filter(({ url }) => RESOLUTION.test(url))
    .map(({ valueDecimal, valueQuantity }) => valueDecimal ?? valueQuantity?.value)
    .find((value) => value !== undefined && value > 0);
  return slide?.resolution ?? stated ?? resolution;
}

export function begin(order: VendorOrder<Options>): State | Refusal {
  if (!order.patient) {
    return refuse('order-incomplete', 'The order does not say which patient the slides are of.');
  }
  const inputs = order.inputs.filter(({ kind, slide }) => kind === 'slide' && slide !== undefined);
  if (inputs.length === 0) {
    return refuse('order-incomplete', 'The order has no slide.');
  }
  const wrong = inputs.findIndex((input) => stainOf(order, input) === 'another');
  if (wrong >= 0) {
    const text = `Slide ${wrong + 1} is not stained with H&E, as the order or its specimen says; the analysis takes H&E only.`;
    return refuse('input-unsupported', text);
  }
  const slides = inputs.map((input) => {
    const resolution = resolutionOf(input, order.options);
    return { input: input.name, ...(resolution !== undefined && { resolution }) };
  });
  return {
    phase: 'plan',
    slides,
    attempt: 1,
    open: slides.map(({ input }) => input),
    earlier: [],
    seen: '',
    wait: 0,
    lost: 0,
    terminated: false,
  };
}

/**
 * Before gigabytes are copied: what the pinned version wants to know of each slide is built and judged by the version's
 * own schema. What only a person can say is asked, what cannot be analysed is refused.
 */
import { AdapterError } from '../../errors.ts';
import type { Question, Step } from '../contract.ts';
import { applicationOf, type Ctx, inputOf } from './documents.ts';
import { diseaseOf, stainOf, tissueOf } from './indication.ts';
import type { Known, SlideSchema } from './metadata.ts';
import type { Result, Slide, State } from './state.ts';
import { DISEASE, judgeSlide, type Verdict } from './verdict.ts';

/** Stands for the checksum until the slide is staged. */
const NO_CHECKSUM = 'AAAAAA==';

/** Everything that a version could be told of a slide. */
export function knownOf(slide: Slide, { order }: Ctx): Known {
  const input = order.inputs.find(({ name }) => name === slide.input);
  if (!input?.slide) {
    throw new AdapterError('input-unavailable', 'A slide of the order is not there any more');
  }
  const { format, width, height } = input.slide;
  return {
    format,
    width,
    height,
    resolution: slide.resolution,
    stain: stainOf(order, input) ?? order.options.stain,
    disease: slide.disease,
    tissue: slide.tissue,
    checksum: slide.crc32c ?? NO_CHECKSUM,
  };
}

/** The first verdict that is no consent. */
function objection(
  slides: readonly Slide[],
  schema: SlideSchema,
  context: Ctx,
): Exclude<Verdict, { metadata: unknown }> | undefined {
  for (const [index, slide] of slides.entries()) {
    const verdict = judgeSlide(schema, knownOf(slide, context), index + 1);
    if (!('metadata' in verdict)) {
      return verdict;
    }
  }
  return undefined;
}

const unknownField = (field: string): AdapterError =>
  new AdapterError('vendor-protocol', 'This version wants to know something of slides that the adapter does not know', {
    remedy: 'hold',
    orderer: 'The application wants to know more of a slide than can be told; the order waits for the operator.',
    operator: `Pin another version of the application; this one asks for ${/^[\w-]{1,60}$/.test(field) ? field : 'an unknown field'}.`,
  });

export async function plan(state: State, context: Ctx): Promise<Step<State, Result>> {
  const application = state.application ?? (await applicationOf(context));
  const { schema } = await inputOf(application, context);
  const { order, settings } = context;
  const slides = state.slides.map((slide) => {
    const input = order.inputs.find(({ name }) => name === slide.input);
    const disease = slide.disease ?? diseaseOf(order, settings);
    const tissue = slide.tissue ?? (input && tissueOf(order, input, settings));
    return { ...slide, ...(disease !== undefined && { disease }), ...(tissue !== undefined && { tissue }) };
  });
  const next: State = { ...state, application, slides };
  const verdict = objection(slides, schema, context);
  if (verdict === undefined) {
    return { next: { ...next, phase: 'stage' }, status: 'slides are being copied' };
  }
  if ('ask' in verdict) {
    return { ask: verdict.ask, next: { ...next, phase: 'asked' } };
  }
  if ('refuse' in verdict) {
    return { refuse: verdict.refuse };
  }
  throw unknownField(verdict.unknown);
}

/** A person has said what the order had not; then it is judged again. */
export function asked(state: State, context: Ctx): Step<State, Result> {
  const { answer } = context;
  if (answer?.to !== 'question') {
    return { next: { ...state, phase: 'plan' } };
  }
  const said = saidBy(answer.id, answer.value);
  const number = Number(answer.id.split('/')[1] ?? 0);
  const slides = state.slides.map((slide, index) =>
    answer.id === DISEASE || index + 1 === number ? { ...slide, ...said } : slide,
  );
  return { next: { ...state, slides, phase: 'plan' } };
}

function saidBy(id: Question['id'], value: string | number): Partial<Slide> {
  if (id === DISEASE) {
    return { disease: String(value) };
  }
  return id.startsWith('tissue/') ? { tissue: String(value) } : { resolution: Number(value) };
}

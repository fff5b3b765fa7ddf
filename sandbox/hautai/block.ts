/** A Block: what one application has to say of one batch, so far. */
import { analyse, type Parameter } from './analysis.ts';
import { detectionErrors } from './detection.ts';
import { fileUrl, masked } from './files.ts';
import { VARIANTS } from './masks.ts';
import type { ParameterPlan } from './parameters.ts';
import { progressOf } from './progress.ts';
import type { Simulator } from './simulator.ts';
import type { Batch, Computation, Side } from './world.ts';

/** What the reader asked for. */
export interface BlockQuery {
  expirationSeconds: number;
  withMasks: boolean;
  svgMasks: boolean;
}

export const DEFAULT_QUERY: BlockQuery = { expirationSeconds: 3600, withMasks: true, svgMasks: true };

/** The Block, or undefined as long as nothing of the batch can be seen. */
export function blockOf(batch: Batch, simulator: Simulator, query: BlockQuery): object | undefined {
  const { computation } = batch;
  const progress = computation && progressOf(computation, simulator);
  if (!computation || progress === undefined) {
    return undefined;
  }
  const errors = progress === 1 ? detectionErrors(computation) : {};
  const failed = Object.keys(errors).length > 0;
  const all = failed ? [] : parametersOf(computation, simulator);
  const told = all.slice(0, Math.ceil(all.length * progress));
  return {
    image_batch_id: batch.id,
    subject_id: batch.subject.id,
    parameters: Object.fromEntries(
      told.map(([plan, parameter]) => [plan.name, { ...parameter, ...masksOf(batch, plan, simulator, query) }]),
    ),
    survey_results: [],
    all_algorithms_calculated: progress === 1,
    sc_app_id: '',
    can_watch_predicted_images: true,
    predicted_images: failed ? {} : bySide(computation, (side) => variants(batch, side, 'face.jpg', simulator, query)),
    detection_errors: errors,
  };
}

function parametersOf(computation: Computation, { options }: Simulator): [ParameterPlan, Parameter][] {
  const { faults } = computation;
  return faults.has('no-parameters') || Object.keys(detectionErrors(computation)).length > 0
    ? []
    : analyse(computation, faults.has('scores-0-to-1') ? 1 : options.scoreScale);
}

function masksOf(batch: Batch, plan: ParameterPlan, simulator: Simulator, query: BlockQuery): object {
  if (!query.withMasks || !batch.computation || !masked(plan, simulator.options)) {
    return {};
  }
  const file = `${plan.name}.${query.svgMasks ? 'svg' : 'png'}`;
  return { masks: bySide(batch.computation, (side) => variants(batch, side, file, simulator, query)) };
}

function bySide<T>({ pictures }: Computation, tell: (side: Side) => T): Record<string, T> {
  return Object.fromEntries(pictures.map(({ side }) => [side, tell(side)]));
}

function variants(batch: Batch, side: Side, file: string, { signer }: Simulator, query: BlockQuery): object {
  return Object.fromEntries(
    VARIANTS.map((variant) => [
      variant,
      fileUrl(signer, { batch: batch.id, side, variant, file }, query.expirationSeconds),
    ]),
  );
}

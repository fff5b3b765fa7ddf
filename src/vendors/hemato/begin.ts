/** Whether an order of a blood smear can be done, and its first state. Pure. */
import type { OrderInput, Refusal, VendorOrder } from '../contract.ts';
import { diameterOf } from './diameter.ts';
import { DIAMETER, LIMITS, PICTURES } from './facts.ts';
import type { Options } from './settings.ts';
import type { Result, State } from './state.ts';
import { orderedTasks } from './tasks.ts';

const refuse = (text: string, code: Refusal['refuse']['code'] = 'order-incomplete'): Refusal => ({
  refuse: { code, text },
});

export const picturesOf = (inputs: readonly OrderInput[]): OrderInput[] =>
  inputs.filter(({ kind }) => kind === 'picture');

const FIRST: State = {
  phase: 'plan',
  tasks: [],
  studies: 1,
  wait: 0,
  lost: 0,
  draw: 0,
  drawn: [],
  undrawn: [],
  again: false,
};

export function begin(order: VendorOrder<Options>): State | Refusal {
  const inputs = picturesOf(order.inputs);
  if (inputs.length === 0) {
    return refuse('The order has no picture of a blood smear.');
  }
  if (!order.patient) {
    return refuse('The order does not say which patient the blood smear is of.');
  }
  if (inputs.some(({ size }) => size === 0)) {
    return refuse('A picture of the order is empty (0 bytes).', 'input-unsupported');
  }
  const pictures = inputs.reduce((sum, { picture }) => sum + (picture?.pictures ?? 1), 0);
  if (pictures > PICTURES.most) {
    return refuse(`The order has ${pictures} pictures; at most ${PICTURES.most} can be sent.`, 'input-too-large');
  }
  const odd = inputs.findIndex((input) => diameterOf(input) === 'unreadable');
  if (odd >= 0) {
    const range = `${DIAMETER.minimum} to ${DIAMETER.maximum}`;
    return refuse(`The red-cell diameter given for picture ${odd + 1} is no plausible number of pixels (${range}).`);
  }
  if (orderedTasks(order.focus).length > LIMITS.tasks) {
    return refuse(`The order names more than ${LIMITS.tasks} analyses.`);
  }
  return { ...FIRST, ...(order.options.rbcDiameter === undefined ? {} : { diameter: order.options.rbcDiameter }) };
}

/** A finished order whose report is fetched once more: what it has is put into parts first. */
export function again(result: Result): State {
  const tasks = result.tasks.map(({ task }) => task);
  return { ...FIRST, phase: 'restore', study: result.study, tasks, earlier: result, again: true };
}

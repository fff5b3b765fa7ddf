/** First steps: whose data may go there, what is asked for, and the one number that a person may have to give. */
import type { Patient } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Question, Step } from '../contract.ts';
import type { Ctx } from './access.ts';
import { picturesOf } from './begin.ts';
import { diameterOf, isPlausible } from './diameter.ts';
import { DIAMETER, PROFILES } from './facts.ts';
import type { Result, State } from './state.ts';
import { tasksOf } from './tasks.ts';

export const DIAMETER_QUESTION = 'rbc-diameter';

const QUESTION: Question = {
  id: DIAMETER_QUESTION,
  text:
    'How many pixels does one normal red blood cell measure across in the pictures of this order? ' +
    'Hemato.AI needs it; it is a constant of the scanner. A wrong number spoils the result.',
  number: { ...DIAMETER },
};

/** Labelled for tests (v3-ActReason HTEST), the way HL7 marks patients that do not exist. */
export function isTestPatient(patient: Patient | undefined): boolean {
  const labels = patient?.meta?.security ?? [];
  return labels.some(({ system, code }) => system === SYSTEMS.actReason && code === 'HTEST');
}

export function plan(state: State, { settings, order }: Ctx): Step<State, Result> {
  if (settings.testDataOnly && !isTestPatient(order.patient)) {
    const text =
      'Blood smears of this site go to a test system of Hemato.AI, which may not be given the data of real patients.';
    return { refuse: { code: 'config-invalid', text } };
  }
  const tasks = tasksOf(order.focus, order.options.tasks, settings.profile);
  const unknown = picturesOf(order.inputs).some((input) => diameterOf(input) === undefined);
  if (PROFILES[settings.profile].needsDiameter && unknown && state.diameter === undefined) {
    return { ask: QUESTION, next: { ...state, tasks, phase: 'asked' } };
  }
  return { next: { ...state, tasks, phase: 'create' } };
}

export function asked(state: State, { answer }: Ctx): Step<State, Result> {
  if (answer?.to !== 'question' || answer.id !== DIAMETER_QUESTION || !isPlausible(answer.value)) {
    return { ask: QUESTION, next: state };
  }
  return { next: { ...state, diameter: answer.value, phase: 'create' } };
}

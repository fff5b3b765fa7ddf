/** What every Observation of a smear shares. Pure. */
import type { CodeableConcept, Observation, ObservationComponent } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft, Finding } from '../../findings.ts';
import type { VendorOrder } from '../contract.ts';
import { CODE_SYSTEMS } from './facts.ts';
import type { Named } from './part-names.ts';

export type DraftObservation = Draft<Observation>;
/** A finding that has not got its part yet. */
export type Unnamed = Omit<Finding, 'part'> & { named: Named };

export const LABORATORY: CodeableConcept = {
  coding: [{ system: SYSTEMS.observationCategory, code: 'laboratory', display: 'Laboratory' }],
};

export const absent = (code: 'error' | 'unknown'): CodeableConcept => ({
  coding: [{ system: SYSTEMS.dataAbsentReason, code }],
});

export const localCode = (system: keyof typeof CODE_SYSTEMS, code: string, text: string): CodeableConcept => ({
  coding: [{ system: CODE_SYSTEMS[system], code, display: text }],
  text,
});

/** The order's specimen, where it names one that stands on the server. */
function specimenOf({ focus }: Pick<VendorOrder, 'focus'>): Pick<DraftObservation, 'specimen'> {
  const [one, ...others] = focus.resourceType === 'ServiceRequest' ? (focus.specimen ?? []) : [];
  const reference = one?.reference;
  return reference !== undefined && others.length === 0 && /^Specimen\/[A-Za-z0-9.-]{1,64}$/.test(reference)
    ? { specimen: { reference } }
    : {};
}

/** An Observation of the laboratory. There is no LOINC code beside ours: a count or a density of software is none of LOINC's. */
export function observation(
  order: Pick<VendorOrder, 'focus'>,
  code: CodeableConcept,
  rest: Omit<Partial<DraftObservation>, 'resourceType' | 'code'>,
): DraftObservation {
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    category: [LABORATORY],
    code,
    ...specimenOf(order),
    ...rest,
  };
}

export const component = (code: string, text: string, value: Partial<ObservationComponent>): ObservationComponent => ({
  code: localCode('observation', code, text),
  ...value,
});

/** What can be wrong with a vendor's Bundle. */
import { type BundleEntry, type R4bBundle, toEntry } from './bundle-entry.ts';
import { uuidV5 } from './identifier.ts';

/** Name space of the ids of entries that come of no extraction. */
const EXTRA = '6f0f2a3e-0c1c-4c1b-9a55-2d1a8a7a5f10';

/** The Bundle with the faults of BUNDLE_FAULTS that are set. */
export function misshape(bundle: R4bBundle, subject: object, faults: ReadonlySet<string>): R4bBundle {
  let { type, entry } = bundle;
  if (faults.has('missing-bundle-entry')) {
    entry = entry.slice(1);
  }
  if (faults.has('other-patient')) {
    entry = withOtherPatient(entry);
  }
  if (faults.has('extra-bundle-types')) {
    entry = [...entry, ...extraTypes(subject)];
  }
  if (faults.has('r5-shapes')) {
    entry = entry.map(({ resource, ...rest }) => ({ ...rest, resource: toR5(resource) }));
  }
  if (faults.has('transaction-bundle')) {
    type = 'transaction';
    entry = entry.map((one) => ({ ...one, request: { method: 'POST', url: one.resource.resourceType } }));
  }
  return { ...bundle, type, entry };
}

function withOtherPatient([first, ...rest]: BundleEntry[]): BundleEntry[] {
  const patient = extra('other-patient', {
    resourceType: 'Patient',
    identifier: [{ system: 'http://hospital.example/mrn', value: '00471133' }],
    name: [{ family: 'Vandenberghe', given: ['Odile'] }],
    gender: 'female',
    birthDate: '1949-05-02',
  });
  const strange = first && {
    ...first,
    resource: { ...first.resource, subject: { reference: `Patient/${patient.resource.id}` } },
  };
  return [patient, ...(strange ? [strange] : []), ...rest];
}

function extraTypes(subject: object): BundleEntry[] {
  const text = (words: string) => ({ text: words });
  return [
    extra('patient', { resourceType: 'Patient', name: [{ text: 'Patient of the note' }], gender: 'unknown' }),
    extra('allergy', { resourceType: 'AllergyIntolerance', patient: subject, code: text('Allergy to penicillin') }),
    extra('medication', {
      resourceType: 'MedicationStatement',
      status: 'active',
      medicationCodeableConcept: text('Bisoprolol 2.5 mg once daily'),
      subject,
    }),
    extra('family', {
      resourceType: 'FamilyMemberHistory',
      status: 'completed',
      patient: subject,
      relationship: text('Father'),
      condition: [{ code: text('Myocardial infarction') }],
    }),
  ];
}

function extra(name: string, resource: Omit<BundleEntry['resource'], 'id'> & { resourceType: string }): BundleEntry {
  return toEntry({ id: uuidV5(EXTRA, name), ...resource });
}

function toR5(resource: BundleEntry['resource']): BundleEntry['resource'] {
  if (resource.resourceType === 'Procedure') {
    const { performedDateTime, ...rest } = resource;
    const reason = [{ concept: { text: 'As stated in the note' } }];
    return { ...rest, ...(performedDateTime !== undefined && { occurrenceDateTime: performedDateTime }), reason };
  }
  if (resource.resourceType === 'Condition') {
    const system = 'http://terminology.hl7.org/CodeSystem/condition-clinical';
    return {
      ...resource,
      clinicalStatus: { coding: [{ system, code: 'unknown' }] },
      participant: [{ actor: { display: 'HealthSage CDT' } }],
      evidence: [{ concept: { text: 'Clinical note' } }],
    };
  }
  return resource;
}

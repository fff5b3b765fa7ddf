/** The FHIR R4 draft of one item. Pure; keeps the constraints con-3, con-4 and con-5 of Condition. */
import type { CodeableConcept, Condition, Observation, Procedure } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Draft, DraftResource } from '../../findings.ts';
import { relation } from './dates.ts';
import type { Item } from './items.ts';
import type { Certainty } from './state.ts';

/** Local coding of the vendor's concept on Observations, beside SNOMED CT. */
const LOCAL_SYSTEM = 'urn:fhir-ai-adapter:healthsage:concept';

const VERIFICATION: Record<Certainty, { code: string; display: string }> = {
  // What a text calls confirmed no clinician has confirmed here; the site's policy may say otherwise.
  confirmed: { code: 'unconfirmed', display: 'Unconfirmed' },
  provisional: { code: 'provisional', display: 'Provisional' },
  differential: { code: 'differential', display: 'Differential' },
};

const PRESENCE: Record<Certainty, { code: string; display: string }> = {
  confirmed: { code: '52101004', display: 'Present' },
  provisional: { code: '415684004', display: 'Suspected' },
  differential: { code: '64957009', display: 'Uncertain' },
};

const IN_THE_PAST = { code: '410513005', display: 'In the past' };

const CLINICAL: Readonly<Record<string, string>> = {
  active: 'Active',
  inactive: 'Inactive',
  resolved: 'Resolved',
  remission: 'Remission',
};

function codeOf({ code, term, label, entry }: Item): CodeableConcept {
  const snomed = code === undefined ? [] : [{ system: SYSTEMS.snomed, code, display: term }];
  const coding = [...snomed, ...(entry?.codings ?? [])];
  return { ...(coding.length > 0 ? { coding } : {}), text: label };
}

/** The end, unless it lies before the beginning: then the two contradict each other and the end is left out. */
function endOf({ onset, end }: Item): string | undefined {
  const upset =
    onset.date && end.date && relation(end.date, onset.date) === 'before' && !onset.date.startsWith(end.date);
  return upset ? undefined : end.date;
}

const future = (date: string | undefined, { note }: Item) =>
  date !== undefined && relation(date, note.letterDate) === 'after';

function condition(item: Item): Draft<Condition> {
  const { onset, end, entry } = item;
  const until = future(end.date, item) ? undefined : endOf(item);
  const over = until !== undefined || (end.date === undefined && end.words !== undefined);
  const stated = entry?.clinicalStatus && CLINICAL[entry.clinicalStatus] ? entry.clinicalStatus : 'active';
  const clinical = over ? 'resolved' : item.past && stated === 'active' ? 'inactive' : stated;
  const since = future(onset.date, item) ? undefined : onset.date;
  return {
    resourceType: 'Condition',
    clinicalStatus: {
      coding: [{ system: SYSTEMS.conditionClinical, code: clinical, display: CLINICAL[clinical] ?? clinical }],
    },
    verificationStatus: { coding: [{ system: SYSTEMS.conditionVerification, ...VERIFICATION[item.certainty] }] },
    code: codeOf(item),
    ...(entry?.severity ? { severity: entry.severity } : {}),
    ...(entry?.bodySite ? { bodySite: entry.bodySite } : {}),
    ...(since ? { onsetDateTime: since } : onset.words ? { onsetString: onset.words } : {}),
    ...(until ? { abatementDateTime: until } : over && end.words ? { abatementString: end.words } : {}),
  };
}

function procedure(item: Item): Draft<Procedure> {
  const { onset, entry, note } = item;
  const until = endOf(item);
  const last = until ?? onset.date;
  const done =
    item.stated && item.certainty === 'confirmed' && last !== undefined && relation(last, note.letterDate) === 'before';
  return {
    resourceType: 'Procedure',
    status: done ? 'completed' : 'unknown',
    code: codeOf(item),
    ...(entry?.bodySite ? { bodySite: entry.bodySite } : {}),
    ...(until
      ? { performedPeriod: { ...(onset.date ? { start: onset.date } : {}), end: until } }
      : onset.date
        ? { performedDateTime: onset.date }
        : onset.words
          ? { performedString: onset.words }
          : {}),
  };
}

function observation(item: Item): Draft<Observation> {
  const { entry, onset, note } = item;
  const code = codeOf(item);
  const local = {
    system: LOCAL_SYSTEM,
    code: item.code ?? item.label.toLowerCase().replace(/\s+/g, '-'),
    display: item.label,
  };
  const since = future(onset.date, item) ? undefined : onset.date;
  const until = endOf(item);
  const present = {
    valueCodeableConcept: {
      coding: [
        {
          system: SYSTEMS.snomed,
          ...(item.past && item.certainty === 'confirmed' ? IN_THE_PAST : PRESENCE[item.certainty]),
        },
      ],
    },
  };
  return {
    resourceType: 'Observation',
    status: 'preliminary',
    code: { ...code, coding: [...(code.coding ?? []), local] },
    ...(entry?.bodySite?.[0] ? { bodySite: entry.bodySite[0] } : {}),
    ...(since && until && !future(until, item)
      ? { effectivePeriod: { start: since, end: until } }
      : { ...(since || note.stated ? { effectiveDateTime: since ?? note.stated } : {}) }),
    ...(entry?.type === 'Observation' && entry.value && item.certainty === 'confirmed' && !item.past
      ? entry.value
      : present),
  };
}

/** The resource of an item, without everything that only the EHR's side knows. */
export function draft(item: Item): DraftResource {
  const make = { disorder: condition, procedure, finding: observation };
  return make[item.concept](item);
}

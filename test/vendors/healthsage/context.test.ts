import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextsOf } from '../../../src/vendors/healthsage/context-check.ts';
import { findSections } from '../../../src/vendors/healthsage/sections.ts';
import type { Certainty, ConceptKind } from '../../../src/vendors/healthsage/state.ts';
import { judge } from '../../../src/vendors/healthsage/verdict.ts';

type Row = [
  text: string,
  expected:
    | 'written'
    | 'past'
    | 'negated'
    | 'family'
    | 'other-person'
    | 'hypothetical'
    | 'uncertain'
    | 'planned'
    | 'allergy',
  concept?: ConceptKind,
  certainty?: Certainty,
  term?: string,
];

/** The finding's words stand in brackets; "family" etc. name the context that must decide. */
const TABLE: Row[] = [
  ['No [chest pain].', 'negated'],
  ['No chest pain, [dyspnoea] or syncope.', 'negated'],
  ['No chest pain, dyspnoea or [syncope].', 'negated'],
  ['He denies fever, cough, night sweats, weight loss, [haemoptysis] or recent travel.', 'negated'],
  ['Patient denied any [palpitations].', 'negated'],
  ['Chest clear without [wheeze].', 'negated'],
  ['There was no evidence of [deep vein thrombosis] on Doppler.', 'negated'],
  ['Troponin negative for [myocardial infarction].', 'negated'],
  ['[Pulmonary embolism] was ruled out by CT.', 'negated'],
  ['[Pulmonary embolism] has been excluded.', 'negated'],
  ['CT ruled out [pulmonary embolism].', 'negated'],
  ['[Fever]: no. Cough: yes.', 'negated'],
  ['[Murmur] was not heard.', 'negated'],
  ['[Ankle oedema] absent.', 'negated'],
  ['She has never had a [stroke].', 'negated'],
  ['The patient does not have [diabetes mellitus].', 'negated'],
  ['His symptoms are not due to [heart failure].', 'negated'],
  ['No history of [asthma] or COPD.', 'negated'],
  ['Neither [asthma] nor COPD is known.', 'negated'],
  ['Nil [jaundice].', 'negated'],
  ['Denies chest pain for two weeks, [dyspnoea] or syncope.', 'negated'],
  ['Free of [metastatic disease].', 'negated'],
  ['Absence of [lymphadenopathy].', 'negated'],
  ['[no chest pain]', 'negated', 'finding', 'confirmed', 'Chest pain (finding)'],
  ['[denies any chest pain]', 'negated', 'finding', 'confirmed', 'Chest pain (finding)'],
  ['Denies chest pain but reports [dyspnoea].', 'written'],
  ['Denies chest pain, has [dyspnoea].', 'written'],
  ['No fever, however [productive cough] for two weeks.', 'written'],
  ['No fever. [Productive cough] for two weeks.', 'written'],
  ['No fever; [productive cough] for two weeks.', 'written'],
  ['No increase in [angina].', 'written'],
  ['No significant change in [heart failure].', 'written'],
  ['He has not only [gout] but also pseudogout.', 'written'],
  [
    '[Gram negative sepsis] treated with meropenem.',
    'written',
    'disorder',
    'confirmed',
    'Gram-negative sepsis (disorder)',
  ],
  ['Blood cultures grew gram negative rods, [sepsis] was treated.', 'written'],
  ['No longer smokes; [hypertension] well controlled.', 'written'],
  ['No medication for [hypertension] at present.', 'written'],
  [
    '[Type 2 diabetes mellitus without complication].',
    'written',
    'disorder',
    'confirmed',
    'Type 2 diabetes mellitus without complication (disorder)',
  ],
  ['[Absence of breath sounds] on the left.', 'written', 'finding', 'confirmed', 'Absence of breath sounds (finding)'],
  ['Known [hypertension], no chest pain.', 'written'],
  ['[Type 2 diabetes mellitus] since 2014, not well controlled.', 'written'],
  ['Mother had [breast cancer] at 45.', 'family'],
  ['The patient, whose father had CAD, presents with [chest pain].', 'written', 'finding'],
  ['His father presented with [myocardial infarction].', 'family'],
  ['Advised to stop smoking because of [COPD].', 'written'],
  ['He did not tolerate metformin for his [diabetes].', 'written'],
  ['He was not able to walk because of [hip osteoarthritis].', 'written'],
  ['No acute distress. Pulse irregular, [systolic murmur] at apex, no oedema.', 'written', 'finding'],
  ['His father died of [myocardial infarction] at 52.', 'family'],
  ['[Diabetes] in his mother and two brothers.', 'family'],
  ['[Colon cancer] in a maternal aunt.', 'family'],
  ['Family history of [ischaemic heart disease].', 'family'],
  ['FH: [stroke], hypertension.', 'family'],
  ['There is no family history of [sudden cardiac death].', 'family'],
  ["Her sister's [epilepsy] is well controlled.", 'family'],
  ['FAMILY HISTORY\n\nPaternal side unremarkable.\nHeart disease: [myocardial infarction] at 50.', 'family'],
  ['Family history:\nFather well.\n[Asthma] on both sides.\n\nExamination:\nChest clear.', 'family'],
  ['Family history: nil of note.\n\nI saw this lady with [hypertension] in clinic.', 'written'],
  ['Family history: father MI.\nExamination: [murmur] at the apex.', 'written'],
  ['His father had an MI, but he has [hypertension] himself.', 'written'],
  ['She lives with her daughter and has [osteoarthritis].', 'written'],
  ['Accompanied by his mother, he has [asthma].', 'written'],
  ['Her mother reports that she has [seizures] at night.', 'written'],
  ['His wife has [influenza].', 'other-person'],
  ['If [chest pain] recurs he should call 999.', 'hypothetical'],
  ['Return if [fever] develops.', 'hypothetical'],
  ['Aspirin to prevent [stroke].', 'hypothetical'],
  ['Enoxaparin for [deep vein thrombosis] prophylaxis.', 'hypothetical'],
  ['CHA2DS2-VASc 3, high risk of [stroke].', 'hypothetical'],
  ['Screening for [colorectal cancer] is up to date.', 'hypothetical'],
  ['Vaccinated against [influenza].', 'hypothetical'],
  ['Should he develop [bleeding], stop the drug.', 'hypothetical'],
  ['Warned about [hypoglycaemia].', 'hypothetical'],
  ['Possible [obstructive sleep apnoea], study awaited.', 'uncertain'],
  ['Possible [obstructive sleep apnoea], study awaited.', 'written', 'disorder', 'provisional'],
  [
    '[Possible obstructive sleep apnoea], study awaited.',
    'written',
    'disorder',
    'provisional',
    'Obstructive sleep apnea syndrome (disorder)',
  ],
  ['The differential includes [heart failure] and COPD.', 'written', 'disorder', 'differential'],
  ['The differential includes heart failure and [COPD].', 'uncertain'],
  ['Differential for the [exertional dyspnoea] includes heart failure.', 'written', 'finding'],
  ['Differential for the dyspnoea includes [heart failure].', 'uncertain'],
  ['?[PE]', 'uncertain'],
  ['Chest pain ? [PE].', 'uncertain'],
  ['CT to rule out [pulmonary embolism].', 'uncertain'],
  ['CT to rule out [pulmonary embolism].', 'written', 'disorder', 'differential'],
  ['[Malignancy] cannot be excluded.', 'uncertain'],
  ['[Malignancy] cannot be excluded.', 'written', 'disorder', 'provisional'],
  ['Consider [sarcoidosis].', 'uncertain'],
  ['Possible OSA, [type 2 diabetes mellitus] well controlled.', 'written'],
  ['Planned for [knee replacement] in March.', 'planned', 'procedure'],
  ['He is scheduled for [coronary angiography].', 'planned', 'procedure'],
  ['[Colonoscopy] is booked for next week.', 'planned', 'procedure'],
  ['Plan:\n[Echocardiography], then review.', 'planned', 'procedure'],
  ['Plan:\nContinue metformin for [type 2 diabetes mellitus].', 'written'],
  ['She declined [mastectomy].', 'planned', 'procedure'],
  ['[Laparoscopic cholecystectomy] in March 2019.', 'written', 'procedure'],
  ['Underwent [pulmonary vein isolation] in September 2023.', 'written', 'procedure'],
  ['No previous [appendicectomy].', 'negated', 'procedure'],
  ['67-year-old with history of [pneumonia].', 'past'],
  ['[Gestational diabetes], now resolved.', 'written', 'finding'],
  ['History of stroke, [hypertension] treated.', 'written'],
  ['Allergies: penicillin - [rash].', 'allergy', 'finding'],
  ['Denies:\n[Chest pain]\nDyspnoea', 'negated', 'finding'],
];

/** What decides about the bracketed words. */
function decide([text, , concept = 'disorder', certainty = 'confirmed', term]: Row): string {
  const start = text.indexOf('[');
  const end = text.indexOf(']') - 1;
  const plain = text.replace('[', '').replace(']', '');
  const subject = { start, end, term: term ?? `${plain.slice(start, end)} (${concept})` };
  const contexts = contextsOf(plain, subject, findSections(plain));
  const verdict = judge(contexts, concept, certainty);
  if (verdict.write) {
    return verdict.past ? 'past' : 'written';
  }
  const deciding = contexts.find(({ kind }) => !judge([{ kind, by: 'sentence' }], concept, certainty).write);
  return deciding?.kind ?? 'unknown';
}

for (const row of TABLE) {
  const [text, expected, concept = 'disorder', certainty = 'confirmed'] = row;
  test(`${expected} as ${certainty} ${concept}: ${text.replaceAll('\n', ' / ')}`, () => {
    assert.equal(decide(row), expected);
  });
}

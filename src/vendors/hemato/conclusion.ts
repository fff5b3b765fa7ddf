/** What the report says in words: what is urgent first, then the vendor's text, labelled as what it is. Pure. */

import { type Suggestion, suggestionsOf } from './differentials.ts';
import { LIMITS } from './facts.ts';
import { countsMalaria } from './malaria.ts';
import { isMalaria, seenIn } from './morphology.ts';
import type { Report } from './report-shape.ts';

interface Of {
  task: string;
  report: Report;
}

const URGENT = 'URGENT: the software reports possible malaria parasites; a person has to look at the smear at once.';

/** Not endless. */
function plain(text: string | undefined = ''): string {
  const points = Array.from(text);
  return points.length > LIMITS.text ? `${points.slice(0, LIMITS.text).join('')} …` : text;
}

function suggestion({ term, code, confidence, score }: Suggestion): string {
  const facts = [
    ...(code === undefined || code === term ? [] : [`ICD-10 ${code}`]),
    ...(confidence === undefined ? [] : [`confidence ${confidence}`]),
    ...(score === undefined ? [] : [`score ${score}`]),
  ];
  return facts.length === 0 ? term : `${term} (${facts.join(', ')})`;
}

function suggestions(reports: readonly Of[]): string[] {
  const all = reports.flatMap(({ report }) => suggestionsOf(report)).map(suggestion);
  return all.length === 0
    ? []
    : [`Differential diagnoses that the software suggests, for a clinician to consider: ${plain(all.join('; '))}.`];
}

const isUrgent = ({ report }: Of): boolean => countsMalaria(report) || seenIn(report).some(isMalaria);

export function conclusionOf(reports: readonly Of[], tasks: readonly string[]): string {
  const texts = reports.flatMap(({ report: { content } }) =>
    [content.pathology_report, content.conclusion].map(plain).filter((text) => text !== ''),
  );
  return [
    ...(reports.some(isUrgent) ? [URGENT] : []),
    ...(texts.length > 0 ? [`Text of Hemato.AI’s software, not verified by a clinician: ${texts.join('\n')}`] : []),
    ...suggestions(reports),
    `Analyses asked for: ${tasks.join(', ')}. Only the pictures that were sent were looked at; what was not found there is not excluded.`,
  ].join('\n');
}

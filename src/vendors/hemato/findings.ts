/** What Hemato.AI found, as findings. Pure: result in, findings out. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { SYSTEMS } from '../../fhir/terminology.ts';
import type { Finding, Findings } from '../../findings.ts';
import type { OrderInput, VendorOrder } from '../contract.ts';
import { picturesOf } from './begin.ts';
import { conclusionOf } from './conclusion.ts';
import { differentials } from './differentials.ts';
import { KNOWN_TASKS, MODEL, REPORT_FILE } from './facts.ts';
import { features } from './features.ts';
import { type Mark, marksOn } from './geometry.ts';
import { countsMalaria, malaria } from './malaria.ts';
import { morphology } from './morphology.ts';
import type { Unnamed } from './observation.ts';
import { partNames } from './part-names.ts';
import type { Report } from './report-shape.ts';
import { reportsOf } from './reports-of.ts';
import type { Options } from './settings.ts';
import type { Result, TaskPart } from './state.ts';

type Order = Pick<VendorOrder<Options>, 'focus' | 'inputs' | 'options' | 'specimens'>;

const SERVICES = { LAB: 'Laboratory', HM: 'Hematology', PAR: 'Parasitology' } as const;
const SMEAR: CodeableConcept = {
  coding: [
    {
      system: SYSTEMS.loinc,
      code: '5909-7',
      display: 'Blood smear finding [Identifier] in Blood by Light microscopy',
    },
  ],
  text: 'Blood smear, analysed by software',
};
const MALARIA_SMEAR: CodeableConcept = {
  coding: [
    {
      system: SYSTEMS.loinc,
      code: '32700-7',
      display: 'Microscopic observation [Identifier] in Blood by Malaria smear',
    },
  ],
  text: 'Malaria smear, analysed by software',
};
const IMAGE: CodeableConcept = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/media-type', code: 'image', display: 'Image' }],
};

const isMalariaTask = (task: string): boolean => task === KNOWN_TASKS.malaria || /malaria/i.test(task);

function category(tasks: readonly string[], reports: readonly { report: Report }[]): CodeableConcept[] {
  const parasites = tasks.some(isMalariaTask) || reports.some(({ report }) => countsMalaria(report));
  const codes: (keyof typeof SERVICES)[] = ['LAB', 'HM', ...(parasites ? (['PAR'] as const) : [])];
  return codes.map((code) => ({
    coding: [{ system: SYSTEMS.diagnosticService, code, display: SERVICES[code] }],
  }));
}

/** When the blood was taken; else when the picture was. Never when the software ran. */
function effectiveOf({ specimens = [], inputs }: Order): string | undefined {
  const taken = specimens.map(({ collection }) => collection?.collectedDateTime ?? collection?.collectedPeriod?.start);
  const pictured = picturesOf(inputs).map(({ date }) => date);
  return [...taken, ...pictured].find((date) => date !== undefined);
}

const place = (inputs: readonly OrderInput[], input: string): number =>
  picturesOf(inputs).findIndex(({ name }) => name === input) + 1;

function labels(marks: readonly Mark[]): string {
  const counts = new Map<string, number>();
  for (const { label = 'finding' } of marks) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].map(([label, count]) => `${label} (${count})`).join(', ');
}

/** One Media for each picture on which something was circled. */
function heatMaps(result: Result, on: ReadonlyMap<string, Mark[]>, order: Order): Finding[] {
  return result.drawn.map(({ input, file, outside }) => {
    const number = place(order.inputs, input);
    const beside = outside === 1 ? '1 place lies' : `${outside} places lie`;
    return {
      part: `heat-map/${number}`,
      resource: { resourceType: 'Media', status: 'completed', type: IMAGE },
      label: `Picture ${number} with what the software found circled: ${labels(on.get(input) ?? [])}`.slice(0, 300),
      evidence: [{ input, quote: '', verified: false }],
      file,
      ...(outside > 0 && { remarks: [`${beside} outside of the picture and could not be circled.`] }),
    };
  });
}

/** Why something that was found is circled nowhere: a line of the report, not a part that is missing. */
function notCircled(result: Result, nowhere: number, order: Order): Findings['listed'] {
  const unknown =
    nowhere === 0 || order.options.heatMaps === 0
      ? []
      : [
          {
            label: `${nowhere} marked places`,
            why: 'not circled: the vendor does not say on which of the pictures they are',
            evidence: [],
          },
        ];
  const undrawn = result.undrawn.map(({ input, why }) => ({
    label: `Findings on picture ${place(order.inputs, input)}`,
    why: `not circled: ${why}`,
    evidence: [],
  }));
  return [...unknown, ...undrawn];
}

function missing(tasks: readonly TaskPart[], reports: readonly { task: string; report: Report }[]): string[] {
  return tasks.flatMap(({ task, why }) => {
    const found = reports.find((one) => one.task === task);
    if (!found) {
      return [`the analysis ${task} (${why ?? 'no report came'})`];
    }
    return found.report.unreadable ? [`the analysis ${task} (its report has an unknown form and is attached)`] : [];
  });
}

function named(items: readonly Unnamed[]): Finding[] {
  const parts = partNames(items.map((item) => item.named));
  return items.map(({ named: _named, ...item }, index) => ({ part: parts[index] ?? '', ...item }));
}

export function toFindings(result: Result, order: Order): Findings {
  const reports = reportsOf(result.tasks);
  const tasks = result.tasks.map(({ task }) => task);
  const choice = { icd10: result.icd10, asCondition: order.options.differentialAsCondition };
  const items = reports.flatMap(({ task, report }) => [
    ...malaria(task, report, order),
    ...morphology(task, report, order),
    ...features(task, report, order),
    ...differentials(task, report, order, choice),
  ]);
  const marks = marksOn(
    reports.map(({ report }) => report),
    result.files,
    order.inputs,
  );
  const effective = effectiveOf(order);
  return {
    model: { ...MODEL, kinds: [...MODEL.kinds] },
    report: {
      category: category(tasks, reports),
      code: tasks.every(isMalariaTask) ? MALARIA_SMEAR : SMEAR,
      ...(effective === undefined ? {} : { effective }),
      conclusion: conclusionOf(reports, tasks),
      attachments: [REPORT_FILE],
    },
    items: [...named(items), ...heatMaps(result, marks.on, order)],
    listed: notCircled(result, marks.nowhere, order),
    missing: missing(result.tasks, reports),
    jobs: [result.study],
  };
}

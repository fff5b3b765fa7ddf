/** What a cohort comes to, as findings: about the Group of its cases, never about the patient of the order. Pure. */
import { RESEARCH } from '../../fhir/terminology.ts';
import type { Figure, Findings } from '../../findings.ts';
import { caseFindings } from './case-findings.ts';
import { local, OTHER_PEOPLE, PATHOLOGY } from './codes.ts';
import { slideCount } from './composition.ts';
import { compositionFindings } from './composition-findings.ts';
import { conclusionOf, purchaseOf } from './conclusion.ts';
import { CURRENCY } from './facts.ts';
import { fileFindings, missingSlides } from './file-findings.ts';
import { GROUP, groupFinding } from './group.ts';
import type { Result } from './state.ts';

const figuresOf = ({ selection, purchase }: Result): Figure[] => [
  { label: 'Cases of the cohort', integer: selection.cases },
  { label: 'Slides of the cohort', integer: slideCount(selection) },
  { label: 'Price of the cohort', money: { value: purchase.cents / 100, currency: CURRENCY } },
];

/** An instant as FHIR wants it: with seconds. */
const instant = (text: string): string => new Date(text).toISOString();

/** Of the order nothing is asked: what was bought is told by the result alone. */
export function toFindings(result: Result): Findings {
  const { cohort, purchase, approval } = result;
  const cases = caseFindings(result);
  return {
    // An inventory of people's work, and no algorithm: it is of no kind of AI and has no version.
    model: { name: 'HistAI Pathology Datahub', manufacturer: 'HistAI', kinds: [] },
    about: GROUP,
    report: {
      category: [PATHOLOGY],
      code: local('research-cohort', 'Research cohort'),
      effective: instant(purchase.at),
      conclusion: conclusionOf(result),
      banner: OTHER_PEOPLE,
    },
    // What others refer to comes before them.
    items: [
      ...cases.items,
      groupFinding(result, cases.people),
      ...compositionFindings(result),
      ...fileFindings(result),
    ],
    listed: [],
    missing: [...result.missing, ...missingSlides(result), ...cases.missing],
    jobs: [cohort.id],
    figures: figuresOf(result),
    ...(approval && {
      approvals: [{ by: approval.by, at: instant(approval.at), what: purchaseOf(result) }],
    }),
    security: [RESEARCH],
  };
}

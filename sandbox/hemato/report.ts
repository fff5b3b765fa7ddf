/** The vendor's reports, in each of its documented shapes. */
import type { Habits } from './profiles.ts';
import type { FileReading, Reading } from './reading.ts';
import type { Circle } from './spots.ts';
import type { Study } from './studies.ts';

const FULL_SMEAR = 'pbs_v1';
const RING = 'ring trophozoite';
const MALARIA_MODEL = 'mdl_malaria_any_v7';

/** The `results` of a report that is not ready: as empty as one that nothing stands in. */
export function emptyReport(study: Study, { idName }: Habits) {
  return { [idName]: study.id, report: {} };
}

/** The `results` of the report on these tasks. */
export function tellReport(study: Study, tasks: readonly string[], reading: Reading, habits: Habits) {
  const others = tasks.filter((task) => task !== FULL_SMEAR);
  const byTask = others.map((task) => [task, habits.malaria === 'counts' ? counts(reading) : detailed(study, reading)]);
  return {
    [habits.idName]: study.id,
    ...(tasks.includes(FULL_SMEAR) && { ...filesOf(reading, habits), ...fullSmear(study, reading) }),
    ...(others.length > 0 && { report: Object.fromEntries(byTask) }),
  };
}

export const isFullSmear = (tasks: readonly string[]) => tasks.includes(FULL_SMEAR);

function filesOf({ files }: Reading, { reportFiles }: Habits) {
  const ids = files.map(({ file }) => file);
  return reportFiles === 'file_id' ? { file_id: ids[0] } : { file_ids: ids };
}

/** Every number is text, and no circle says in which file it is: so the documents. */
function fullSmear(study: Study, reading: Reading) {
  const { placeholders, revision } = study;
  const feature = (value: number, unit: string) =>
    placeholders ? { value: 'x', unit: 'y' } : { value: String(value), unit };
  const finding = (circles: Circle[]) => ({
    count: placeholders ? 'x' : String(circles.length),
    heat_map: circles.map(({ x, y, radius }) => ({ center: [x, y], radius })),
  });
  const all = (of: (file: FileReading) => Circle[]) => reading.files.flatMap(of);
  const rings = all((file) => file.rings);
  return {
    feature_statistics: {
      'rbc-density': feature(reading.redCellDensity, '10*6/uL'),
      'platelet-density': feature(reading.plateletDensity, '10*3/uL'),
      'blast-density': feature(0, '10*3/uL'),
    },
    morphological_findings: {
      [RING]: finding(rings),
      leukocyte: finding(all((file) => file.leukocytes)),
      schistocyte: finding([]),
    },
    diagnostic_report: { differential_diagnosis: rings.length > 0 ? differential(reading.confidence) : [] },
    pathology_report: `${rings.length > 0 ? INFECTED : CLEAR}${revision > 0 ? ` Revision ${revision} of this report.` : ''}`,
  };
}

const INFECTED =
  'No clinical history was supplied. Ring-form trophozoites were seen in several erythrocytes; platelets mildly reduced. Correlate with thick film and antigen test.';
const CLEAR = 'No abnormal morphology was flagged in the submitted fields.';

function differential(confidence: number) {
  const malaria = (icd10: string, species: string, score: number, sure: number, letter: string) => ({
    score,
    confidence: sure.toFixed(2),
    'clinical-significance': letter,
    'icd10-code': icd10,
    'english-long': `Malaria infection with Plasmodium ${species}`,
    'english-short': 'Malaria',
  });
  return [malaria('B50', 'falciparum', 8, confidence, 'D'), malaria('B51', 'vivax', 3, 0.22, 'C')];
}

/** The unit that is counted is not documented; here a ring counts as one, and a field without any as one. */
function counts({ files, fields }: Reading) {
  const infected = files.filter(({ rings }) => rings.length > 0);
  return {
    positive_count: infected.reduce((sum, { rings }) => sum + rings.length, 0),
    negative_count: Math.max(0, fields - infected.length),
  };
}

function detailed({ id }: Study, { files, fields, confidence }: Reading) {
  const idea = 'idea-ring-trophozoite';
  const raw = files.map(({ file, rings }) => [
    file,
    {
      pbs_study_id: id,
      file_id: file,
      finding_stats: { [idea]: { idea_id: idea, count: rings.length, meta: { label: RING } } },
      findings: rings.map(({ x, y, radius }, index) => ({
        id: `f-${String(index + 1).padStart(4, '0')}`,
        finding: { center: [x, y], radius },
      })),
    },
  ]);
  const sure = confidence > 0 ? confidence : 0.012;
  const rest = Number((1 - sure).toFixed(3));
  const share = Number((rest * 0.8).toFixed(3));
  return {
    raw_reports: Object.fromEntries(raw),
    conclusion: '',
    summary_reports: {
      fields_of_view_processed: fields,
      model_findings: [{ [MALARIA_MODEL]: [sure, share, Number((rest - share).toFixed(3))] }],
    },
  };
}

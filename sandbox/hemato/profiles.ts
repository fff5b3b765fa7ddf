/**
 * The habits of a host, by the generation of the vendor's documents that it follows. Where the documents of one generation
 * are silent, the harder habit for a client is taken: a path that only the others name is not there.
 */
export type HematoProfile = 'legacy' | '2023' | '2024';

export interface Habits {
  /** What names a study in answers. */
  idName: 'pbs_id' | 'pbs_study_id';
  /** `sha224-i-…` of the content, or a UUID that means nothing. */
  fileId: 'sha224' | 'uuid';
  /** `file_id` names the first file, `file_ids` all. */
  reportFiles: 'file_id' | 'file_ids';
  /** Answers without `status` and `debug_info`, except of uploads. */
  bare: boolean;
  demoLogin: boolean;
  /** What says the type of a file, the strongest first. */
  typeFrom: readonly ('header' | 'file_name' | 'content_type')[];
  needsDiameter: boolean;
  /** Diagnostic tasks on offer. */
  tasks: readonly string[];
  /** Which of the paths answer; the others 404 or 405, as PATH_VARIANTS says. */
  statusPath: '/status' | '/status/{task}';
  reportPath: '/report' | '/report/{task}' | '/reports/{task}';
  /** How malaria counts are told: two numbers, or a report by file and model. */
  malaria: 'counts' | 'detailed';
  statuses: { login: number; upload: number; tasks: number; locked: number };
}

export const HABITS: Record<HematoProfile, Habits> = {
  legacy: {
    idName: 'pbs_id',
    fileId: 'uuid',
    reportFiles: 'file_id',
    bare: true,
    demoLogin: true,
    typeFrom: ['header'],
    needsDiameter: false,
    tasks: ['pbs_v1'],
    statusPath: '/status',
    reportPath: '/report',
    malaria: 'counts',
    statuses: { login: 200, upload: 201, tasks: 200, locked: 400 },
  },
  '2023': {
    idName: 'pbs_study_id',
    fileId: 'sha224',
    reportFiles: 'file_ids',
    bare: false,
    demoLogin: false,
    typeFrom: ['header', 'file_name'],
    needsDiameter: false,
    tasks: ['pbs_v1', 'MALARIA_ANY_ANY'],
    statusPath: '/status',
    reportPath: '/report',
    malaria: 'counts',
    statuses: { login: 202, upload: 201, tasks: 202, locked: 400 },
  },
  '2024': {
    idName: 'pbs_study_id',
    fileId: 'sha224',
    reportFiles: 'file_ids',
    bare: false,
    demoLogin: false,
    typeFrom: ['file_name', 'content_type'],
    needsDiameter: true,
    tasks: ['MALARIA_ANY_ANY'],
    statusPath: '/status/{task}',
    reportPath: '/reports/{task}',
    malaria: 'detailed',
    statuses: { login: 202, upload: 202, tasks: 202, locked: 409 },
  },
};

/** Every path of a status or a report that some generation has, and what a host answers that has it not. */
export const PATH_VARIANTS = {
  '/status': 405,
  '/status/{task}': 404,
  '/report': 405,
  '/report/{task}': 404,
  '/reports/{task}': 404,
} as const;

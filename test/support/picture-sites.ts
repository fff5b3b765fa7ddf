/** Sites with other vendors than that of notes: what the configuration says of them. */
import { COHORT_ORDER } from '../../sandbox/examples/cohort.ts';
import { FACE_ORDER } from '../../sandbox/examples/face.ts';
import { HAUTAI_DEFAULTS } from '../../sandbox/hautai/defaults.ts';
import { type HematoProfile, SANDBOX_USER } from '../../sandbox/hemato/routes.ts';
import { HISTAI_DEFAULTS } from '../../sandbox/histai/defaults.ts';
import { PATHS } from '../../sandbox/index.ts';

export interface PictureWish {
  /** Also Hemato.AI and a route of blood smears, SMEAR_ROUTE; its words are the route's options. */
  hemato?: object;
  /** The generation of Hemato.AI; default 2023. */
  profile?: HematoProfile;
  /** With `hemato`: also a route that orders smears from Tasks themselves, SMEAR_TASK_ROUTE: the search. */
  smearTasks?: string;
  /** Also Haut.AI and a route of skin photos, FACE_ROUTE; its words are the route's options. */
  hautai?: object;
  /** Also HistAI and a route of research cohorts, COHORT_ROUTE; its words are the vendor's settings. */
  histai?: object;
}

export const SMEAR_ROUTE = 'blood-smear';
export const SMEAR_TASK_ROUTE = 'task-smear';
export const FACE_ROUTE = 'skin-photo';
export const COHORT_ROUTE = 'research-cohort';

const SMEARS = 'ServiceRequest?status=active&code=http://loinc.org|5909-7';
const FACES = `ServiceRequest?status=active&code=${FACE_ORDER.system}|${FACE_ORDER.code}`;
const COHORTS = `ServiceRequest?status=active&code=${COHORT_ORDER.system}|${COHORT_ORDER.code}`;

/** Their parts of a site's `vendors` and `routes`, as a user would write them. */
export function pictureVendors(sandboxUrl: string, { hemato, hautai, histai, profile, smearTasks }: PictureWish) {
  const { email: user, password } = SANDBOX_USER;
  const { token, companyId, datasetId } = HAUTAI_DEFAULTS;
  const auth = { type: 'session', user, password };
  const storageHosts = ['localhost'];
  return {
    vendors: {
      ...(hemato && { hemato: { baseUrl: `${sandboxUrl}${PATHS.hemato}`, auth, ...(profile && { profile }) } }),
      ...(hautai && { hautai: { baseUrl: `${sandboxUrl}${PATHS.hautai}`, token, companyId, datasetId, storageHosts } }),
      ...(histai && {
        histai: { baseUrl: `${sandboxUrl}${PATHS.histai}`, apiKey: HISTAI_DEFAULTS.apiKey, storageHosts, ...histai },
      }),
    },
    routes: [
      ...(hemato ? [{ id: SMEAR_ROUTE, on: SMEARS, vendor: 'hemato', options: hemato }] : []),
      ...(smearTasks ? [{ id: SMEAR_TASK_ROUTE, on: smearTasks, vendor: 'hemato', options: hemato }] : []),
      ...(hautai ? [{ id: FACE_ROUTE, on: FACES, vendor: 'hautai', options: hautai }] : []),
      ...(histai ? [{ id: COHORT_ROUTE, on: COHORTS, vendor: 'histai' }] : []),
    ],
  };
}

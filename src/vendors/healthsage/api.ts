/** HealthSage's four calls over the vendor's HTTP client, each answer checked. */
import { AdapterError } from '../../errors.ts';
import { answersOf } from '../answer.ts';
import type { VendorHttp, VendorResponse } from '../http.ts';
import { accepted, type Task, task, type Usage, usage } from './answers.ts';
import type { Settings } from './settings.ts';

export interface Submission {
  note: string;
  specialty: string;
  /** `YYYY-MM-DD`; always sent, because the vendor would take today's. */
  letter_date: string;
  patient_dob?: string;
}

export interface HealthSageApi {
  /** Submits one chunk (billed) and gives its task's id. Throws `vendor-quota` on 429: the vendor's word for a used-up budget. */
  generate(submission: Submission): Promise<string>;
  /** undefined: the vendor does not know the task. */
  task(id: string): Promise<Task | undefined>;
  /** The task's result as the vendor's FHIR Bundle, unread; undefined: not there. */
  bundle(id: string, patient: string): Promise<unknown>;
  usage(): Promise<Usage>;
}

export const QUOTA_WORDS = 'The token budget of the HealthSage key is used up';

const parsed = answersOf('HealthSage');

function quota(response: VendorResponse): void {
  // A quota, not a rate limit: waiting does not help, so it must never be retried by itself.
  if (response.status === 429) {
    throw new AdapterError('vendor-quota', QUOTA_WORDS, {
      status: 429,
      orderer: 'The coding service has used up its budget; the order waits for the operator.',
    });
  }
}

/** The API with one site's key. `signal` stops calls when the order is revoked or the process ends. */
export function healthSageApi(
  http: VendorHttp,
  settings: Pick<Settings, 'apiKey' | 'timeout'>,
  signal?: AbortSignal,
): HealthSageApi {
  const common = {
    headers: { 'x-api-key': settings.apiKey },
    ...(settings.timeout === undefined ? {} : { timeout: settings.timeout }),
    ...(signal === undefined ? {} : { signal }),
  };
  return {
    generate: async (submission) => {
      const response = await http.request({
        ...common,
        method: 'POST',
        path: '/generate',
        json: submission,
        once: true,
        accept: [200, 202, 429],
      });
      quota(response);
      // It was taken, and billed: what is not known is as which task.
      return parsed(accepted, response, '/generate', 'ambiguous').task_id;
    },
    task: async (id) => {
      const path = `/tasks/${encodeURIComponent(id)}`;
      const response = await http.request({ ...common, method: 'GET', path, accept: [200, 404, 429] });
      quota(response);
      return response.status === 404 ? undefined : parsed(task, response, '/tasks');
    },
    bundle: async (id, patient) => {
      const path = `/tasks/fhir/${encodeURIComponent(id)}`;
      const response = await http.request({
        ...common,
        method: 'GET',
        path,
        query: { fhir_patient_id: patient },
        accept: [200, 404, 409, 429],
      });
      quota(response);
      return response.status === 200 ? response.json() : undefined;
    },
    usage: async () => {
      const response = await http.request({ ...common, method: 'GET', path: '/auth/usage', accept: [200, 429] });
      quota(response);
      return parsed(usage, response, '/auth/usage');
    },
  };
}

/**
 * Haut.AI's calls over the vendor's HTTP client, each answer checked. The slash at the end is part of every path: without it
 * a POST is redirected and loses its body.
 */
import { AdapterError } from '../../errors.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../http.ts';
import { batches, parsed, subject, subjects, type Upload, upload } from './answers.ts';
import { LIMITS, WAITS } from './facts.ts';
import type { Settings } from './settings.ts';
import { tokensOf } from './tokens.ts';

export interface NewSubject {
  /** The pseudonym: people see it in the vendor's portal. */
  name: string;
  birth_date: string | null;
  /** Its form in a request is not documented, and a wrong one would refuse the whole: never sent. */
  biological_sex: null;
}

/** `front: "front.jpg"` for each side, and when the photos were taken (ISO instant). */
export type NewBatch = Partial<Record<'front' | 'left' | 'right', string>> & {
  creation_time?: string;
  meta: Record<string, never>;
};

export interface HautaiApi {
  /** The oldest subject of exactly that name: names are not unique. */
  findSubject(name: string): Promise<string | undefined>;
  createSubject(json: NewSubject): Promise<string>;
  /** undefined: the subject is not there any more. */
  openBatch(subject: string, json: NewBatch): Promise<Upload | undefined>;
  /** Has a batch analysed (billed). The answer has no body. Throws `vendor-quota` where the plan does not allow it. */
  compute(batch: string): Promise<void>;
  /** The results by application as they are so far; undefined: the batch is not known. */
  results(batch: string, query?: Record<string, string>): Promise<unknown>;
  /** All analyses of a subject, as they came. */
  parameters(subject: string): Promise<unknown>;
  /** When each batch of a subject was made, as the vendor says. */
  batchDates(subject: string): Promise<Map<string, string>>;
  /** Fails where the token, the company or the dataset is not what the vendor knows; bills nothing. */
  tryDataset(): Promise<void>;
}

/** As the vendor's own sample sends it. */
export const COMPUTE_BODY = { app_args: null };

interface Page<Item> {
  more: boolean;
  items: Item[];
}

/** The API of one site. `signal` stops calls when the order is revoked or the process ends. */
export function hautaiApi(http: VendorHttp, settings: Settings, now: () => Date, signal?: AbortSignal): HautaiApi {
  const common = {
    ...(settings.timeout === undefined ? {} : { timeout: settings.timeout }),
    ...(signal === undefined ? {} : { signal }),
  };
  const tokens = tokensOf(http, settings, common, now);
  const company = encodeURIComponent(settings.companyId);
  const set = `/api/v1/companies/${company}/datasets`;
  const dataset = `${set}/${encodeURIComponent(settings.datasetId)}`;
  const v3 = `/api/v3/companies/${company}`;

  async function call(request: VendorRequest): Promise<VendorResponse> {
    const send = (token: string) =>
      http.request({ ...common, ...request, headers: { authorization: `Bearer ${token}` } }).catch(patient);
    const token = await tokens.get().catch(patient);
    try {
      return await send(token);
    } catch (thrown) {
      // Turned away for the token, it was not taken: even a call that must not be repeated can be made again.
      const refused = thrown instanceof AdapterError && thrown.status === 401;
      const another = refused ? await tokens.renew(token).catch(patient) : undefined;
      if (another === undefined) {
        throw thrown;
      }
      return send(another);
    }
  }

  async function pages<Item>(
    path: string,
    query: Record<string, string>,
    read: (response: VendorResponse) => Page<Item>,
  ): Promise<Item[]> {
    const items: Item[] = [];
    for (let page = 1; page <= LIMITS.pages; page++) {
      const numbered = { ...query, page: String(page), page_size: '100' };
      const { more, items: some } = read(await call({ method: 'GET', path, query: numbered, accept: [200, 404] }));
      items.push(...some);
      if (!more) {
        break;
      }
    }
    return items;
  }

  return {
    async findSubject(name) {
      const found = await pages(`${dataset}/subjects/`, { q: name }, (answer) =>
        parsed(subjects, known(answer), '/subjects/'),
      );
      const same = found.filter((one) => one.name === name);
      const age = ({ creation_time, id }: (typeof same)[number]) => `${creation_time ?? '~'} ${id}`;
      return same.sort((a, b) => (age(a) < age(b) ? -1 : 1))[0]?.id;
    },
    async createSubject(json) {
      return parsed(subject, await call({ method: 'POST', path: `${dataset}/subjects/`, json }), '/subjects/').id;
    },
    async openBatch(id, json) {
      const path = `${v3}/subjects/${encodeURIComponent(id)}/upload/`;
      const accept = [200, 201, 404];
      const response = await call({ method: 'POST', path, json, once: true, accept });
      // It was opened: what is not known is as which batch.
      return response.status === 404 ? undefined : parsed(upload, response, '/upload/', 'ambiguous');
    },
    async compute(batch) {
      const path = `${v3}/batches/${encodeURIComponent(batch)}/compute/`;
      // A conflict can only be with the same call made before.
      const accept = [200, 201, 202, 204, 403, 409];
      const { status } = await call({ method: 'POST', path, json: COMPUTE_BODY, once: true, accept });
      if (status === 403) {
        // The same credential has just opened the batch: it is the plan that does not allow the analysis.
        throw new AdapterError('vendor-quota', 'The plan of the Haut.AI account does not allow the analysis (403)', {
          status,
          orderer: 'The skin analysis is not covered by the plan any more; the order waits for the operator.',
        });
      }
    },
    async results(batch, query = {}) {
      const path = `${v3}/batches/${encodeURIComponent(batch)}/results/`;
      const response = await call({ method: 'GET', path, query, accept: [200, 204, 404] });
      if (response.status === 404) {
        return undefined;
      }
      // The vendor's own description has no body here.
      return response.bytes().byteLength === 0 ? {} : response.json();
    },
    async parameters(id) {
      return (await call({ method: 'GET', path: `${v3}/subjects/${encodeURIComponent(id)}/parameters/` })).json();
    },
    async batchDates(id) {
      const query = { subject_id: id, dataset_id: settings.datasetId };
      const found = await pages(`${v3}/batches/`, query, (answer) => parsed(batches, known(answer), '/batches/'));
      return new Map(found.flatMap(({ id: batch, creation_time }) => (creation_time ? [[batch, creation_time]] : [])));
    },
    async tryDataset() {
      known(
        await call({
          method: 'GET',
          path: `${dataset}/subjects/`,
          query: { page: '1', page_size: '1' },
          accept: [200, 404],
        }),
      );
    },
  };
}

/** Asked to wait without being told how long, as of a login that comes too often. */
function patient(thrown: unknown): never {
  if (thrown instanceof AdapterError && thrown.status === 429 && thrown.retryAfter === undefined) {
    throw new AdapterError('vendor-busy', thrown.message, { status: 429, retryAfter: WAITS.throttled, cause: thrown });
  }
  throw thrown;
}

/** An answer below the site's dataset; it is the site's configuration that is wrong where there is no such thing. */
function known(response: VendorResponse): VendorResponse {
  if (response.status === 404) {
    throw new AdapterError('vendor-rejected', 'Haut.AI does not know the company or the dataset of this site', {
      status: 404,
      remedy: 'hold',
      orderer: 'The skin analysis is not set up rightly; the order waits for the operator of the adapter.',
    });
  }
  return response;
}

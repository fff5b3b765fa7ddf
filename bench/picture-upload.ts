/** One picture from the EHR to a vendor: our whole way against piping the same bytes with undici, in turn. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { configSchema } from '../src/config/schema.ts';
import { openFhirClient } from '../src/fhir/client.ts';
import { openPicture } from '../src/fhir/open-picture.ts';
import { silentLog } from '../src/log.ts';
import { inspectPicture } from '../src/pictures/inspect.ts';
import type { OrderInput } from '../src/vendors/contract.ts';
import { openVendorHttp } from '../src/vendors/http-client.ts';
import { median, openProcesses, ready } from './processes.ts';

const ROUNDS = 11;
/**
 * Pictures of one way in a row: garbage of a picture is collected with that of the next ones, so that with one picture of
 * each way in turn the one would pay for the other.
 */
const IN_A_ROW = 5;
const PORT = 18283;

export interface UploadResult {
  megabytes: number;
  /** Milliseconds a picture, one number a round. */
  direct: number[];
  ours: number[];
  /** Our throughput by that of plain piping, of the medians. */
  ratio: number;
}

export async function benchUpload(jpeg: Buffer): Promise<UploadResult> {
  const url = `http://127.0.0.1:${PORT}`;
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const file = join(folder, 'picture.jpg');
  await writeFile(file, jpeg);
  const processes = openProcesses();
  const client = openFhirClient({ site: 'bench', config: fhirConfig(`${url}/fhir`), log: silentLog });
  const http = openVendorHttp({ baseUrl: url, headers: () => ({}), log: silentLog, vendor: 'bench' });
  try {
    processes.start(['bench/picture-host.ts'], { HOST_PORT: String(PORT), PICTURE: file });
    await ready(`${url}/fhir/Media/1`);
    const input = await inputOf(jpeg);
    const ours = async (): Promise<number> => {
      const { size, body, contentType } = await openPicture(client, input);
      const headers = { 'content-type': contentType };
      const answer = await http.request({ method: 'POST', path: '/files', headers, body, size });
      return sizeOf(answer.json());
    };
    const direct = async (): Promise<number> => {
      const source = await request(`${url}/fhir/Binary/1`);
      const headers = { 'content-length': String(source.headers['content-length']) };
      return sizeOf(await (await request(`${url}/files`, { method: 'POST', headers, body: source.body })).body.json());
    };
    await time(direct, jpeg.length);
    await time(ours, input.picture?.cleanSize ?? 0);
    const times = { direct: [] as number[], ours: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      times.direct.push(await time(direct, jpeg.length));
      times.ours.push(await time(ours, input.picture?.cleanSize ?? 0));
    }
    return { megabytes: jpeg.length / 1e6, ...times, ratio: median(times.direct) / median(times.ours) };
  } finally {
    await Promise.all([client.close(), http.close(), processes.end()]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The input as reading the order would have made it. */
async function inputOf(jpeg: Buffer): Promise<OrderInput> {
  const limits = { types: ['image/jpeg'] as const, largest: 52_428_800, most: 500 };
  const inspected = await inspectPicture(new Blob([new Uint8Array(jpeg)]).stream(), limits);
  const { size, sha256, ...facts } = inspected;
  return {
    name: 'picture/1',
    kind: 'picture',
    contentType: facts.contentType,
    sha256,
    size,
    reference: 'Media/1',
    place: 'content',
    picture: { ...facts, extension: [] },
  };
}

function fhirConfig(baseUrl: string) {
  const { sites } = configSchema.parse({
    sites: [
      {
        name: 'bench',
        fhir: { baseUrl },
        subscriptions: { secret: 'none' },
        routes: [{ id: 'r', on: 'Media?', vendor: 'v' }],
      },
    ],
  });
  const [site] = sites;
  if (!site) {
    throw new Error('The configuration has no site');
  }
  return site.fhir;
}

const sizeOf = (answer: unknown): number =>
  typeof answer === 'object' && answer !== null && 'size' in answer ? Number(answer.size) : -1;

/** Milliseconds a picture; throws where the other side did not get all of it. */
async function time(send: () => Promise<number>, expected: number): Promise<number> {
  const begun = performance.now();
  for (let sent = 0; sent < IN_A_ROW; sent++) {
    const size = await send();
    if (size !== expected) {
      throw new Error(`${size} bytes arrived instead of ${expected}`);
    }
  }
  return (performance.now() - begun) / IN_A_ROW;
}

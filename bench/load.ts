import { createHmac } from 'node:crypto';
import { Pool } from 'undici';

export interface Load {
  url: string;
  path: string;
  connections: number;
  seconds: number;
  /** The HMAC key of the notifications; the floor ignores the signature. */
  secret: string;
}

export interface LoadResult {
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
}

let serial = 0;

/** Sends notifications over so many connections, each the next as soon as the last is answered. Throws at any refusal. */
export async function load({ url, path, connections, seconds, secret }: Load): Promise<LoadResult> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  const send = async (): Promise<void> => {
    while (performance.now() < end) {
      const body = notification(serial++);
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const begun = performance.now();
      const { statusCode, body: answer } = await pool.request({
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/fhir+json',
          'x-medplum-interaction': 'create',
          'x-signature': signature,
        },
        body,
      });
      await answer.dump();
      times.push(performance.now() - begun);
      if (statusCode !== 200) {
        throw new Error(`A notification was answered with ${statusCode}`);
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? 0;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

/** About 2 kB of a DocumentReference that no route wants, different each time. */
function notification(index: number): string {
  return JSON.stringify({
    resourceType: 'DocumentReference',
    id: `bench-${index}`,
    meta: { versionId: '1', lastUpdated: '2026-11-22T10:00:00Z' },
    status: 'superseded',
    type: { coding: [{ system: 'http://loinc.org', code: '18748-4' }] },
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.alloc(1200, 'x').toString('base64') } }],
  });
}

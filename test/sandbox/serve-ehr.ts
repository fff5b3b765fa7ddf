/** An embedded EHR on a port of its own, and an endpoint that its notifications go to. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import express from 'express';
import { type Ehr, type EhrOptions, openEhr } from '../../sandbox/ehr/index.ts';

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks into is whatever the server sent
  json: any;
}

export interface TestEhr {
  ehr: Ehr;
  origin: string;
  base: string;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
}

const portOf = (server: Server): number => {
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address ? address.port : 0;
};

async function listen(server: Server, t: TestContext): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${portOf(server)}`;
}

/** Starts an EHR; it ends with the test. */
export async function serveEhr(t: TestContext, options: Partial<EhrOptions> = {}): Promise<TestEhr> {
  let origin = '';
  const ehr = openEhr({
    manner: 'medplum',
    retryUnit: 5,
    activationMs: 1,
    ...options,
    baseUrl: () => `${origin}/fhir/R4`,
  });
  const app = express();
  app.use('/fhir/R4', ehr.router);
  app.use('/storage', ehr.storage);
  origin = await listen(createServer(app).on('upgrade', ehr.upgrade), t);
  t.after(() => ehr.close());
  const base = `${origin}/fhir/R4`;
  return {
    ehr,
    origin,
    base,
    async call(method, path, body, headers = {}) {
      const response = await fetch(path.startsWith('http') ? path : `${base}${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers },
        ...(body !== undefined && {
          body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
        }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json');
      return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
    },
  };
}

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An endpoint that keeps what it is sent and answers with `answers` in turn (the last one for ever). */
export async function serveEndpoint(
  t: TestContext,
  answers: { status: number; contentType?: string; body?: string }[] = [{ status: 200 }],
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const answer = answers[Math.min(received.length, answers.length - 1)] ?? { status: 200 };
    const { method = '', url: path = '', headers } = request;
    received.push({ method, path, headers, body: Buffer.concat(chunks).toString() });
    response.writeHead(answer.status, { 'content-type': answer.contentType ?? 'text/plain' }).end(answer.body ?? '');
  });
  return { url: `${await listen(server, t)}/hook`, received };
}

/** Waits until `condition` holds, for at most three seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 3000; !(await condition()); await delay(2)) {
    if (Date.now() > deadline) {
      throw new Error('The condition did not come true within three seconds');
    }
  }
}

/** Faults for a test: each named one is taken once. */
export function faultsOf(...names: string[]) {
  const waiting = [...names];
  const described: string[] = [];
  return {
    described,
    set: (name: string) => waiting.push(name),
    take(name: string) {
      const index = waiting.indexOf(name);
      return index >= 0 && waiting.splice(index, 1).length > 0;
    },
    describe: (list: { name: string; what: string }[]) => {
      described.push(...list.map(({ name }) => name));
    },
  };
}

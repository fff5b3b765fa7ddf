import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

const PASSED_BACK = ['content-type', 'location', 'retry-after'];

/** A call as it came, to be passed on to `target` (an origin, and what paths begin with there) with these headers. */
export async function passing(
  target: string,
  request: IncomingMessage,
  passed: readonly string[],
): Promise<() => Promise<(response: ServerResponse) => void>> {
  const { method = 'GET' } = request;
  const body = await buffer(request);
  return async () => {
    const headers = Object.fromEntries(
      passed.flatMap((name) => [request.headers[name] ?? []].flat().map((value) => [name, value])),
    );
    const answer = await fetch(`${target}${request.url}`, {
      ...{ method, headers, redirect: 'manual' },
      ...(body.byteLength > 0 && { body: new Uint8Array(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return (response) => {
      for (const name of PASSED_BACK) {
        const value = answer.headers.get(name);
        if (value !== null) {
          response.setHeader(name, value);
        }
      }
      response.writeHead(answer.status).end(bytes);
    };
  };
}

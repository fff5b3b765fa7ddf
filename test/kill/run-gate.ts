/** A door in front of a vendor's API that lets everything through, until it is told to kill around the creation of a run. */
import { buffer } from 'node:stream/consumers';
import { serve } from '../support/serve.ts';

/**
 * `asked`: the call came and is not passed on. `created`: the run is there and the vendor has fetched its slide; the answer
 * is not passed on. `fetching`: the same, with the vendor in the middle of it.
 */
export const MOMENTS = ['asked', 'created', 'fetching'] as const;
export type Moment = (typeof MOMENTS)[number];
export const isMoment = (word: string): word is Moment => MOMENTS.some((moment) => moment === word);

export interface Trap {
  moment: Moment;
  /** Settles when the vendor has fetched the slide. */
  fetched(): Promise<unknown>;
  /** Kills whoever asks. */
  spring(): Promise<void>;
}

export interface RunGate {
  url: string;
  /** Is sprung once, by the next creation of a run. */
  set(trap: Trap): void;
  close(): Promise<void>;
}

const PASSED = ['authorization', 'content-type', 'accept'];
const PASSED_BACK = ['content-type', 'location', 'retry-after'];

/** `target`: the vendor's origin, and what paths begin with there. */
export async function openRunGate(target: string): Promise<RunGate> {
  let set: Trap | undefined;
  const { url, close } = await serve(async (request, response) => {
    const { method = 'GET' } = request;
    const isCreation = method === 'POST' && request.url === '/api/v1/runs';
    const trap = isCreation ? set : undefined;
    if (trap) {
      set = undefined;
    }
    const body = await buffer(request);
    if (trap?.moment === 'asked') {
      await trap.spring();
      response.destroy();
      return;
    }
    const headers = Object.fromEntries(
      PASSED.flatMap((name) => [request.headers[name] ?? []].flat().map((value) => [name, value])),
    );
    const answer = await fetch(`${target}${request.url}`, {
      ...{ method, headers, redirect: 'manual' },
      ...(body.byteLength > 0 && { body: new Uint8Array(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (trap) {
      await (trap.moment === 'created' && trap.fetched());
      await trap.spring();
      response.destroy();
      return;
    }
    for (const name of PASSED_BACK) {
      const value = answer.headers.get(name);
      if (value !== null) {
        response.setHeader(name, value);
      }
    }
    response.writeHead(answer.status).end(bytes);
  });
  return {
    url,
    set(trap) {
      set = trap;
    },
    close,
  };
}

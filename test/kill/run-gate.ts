/** A door in front of a vendor's API that lets everything through, until it is told to kill around the creation of a run. */
import { serve } from '../support/serve.ts';
import { passing } from './pass-on.ts';

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

/** `target`: the vendor's origin, and what paths begin with there. */
export async function openRunGate(target: string): Promise<RunGate> {
  let set: Trap | undefined;
  const { url, close } = await serve(async (request, response) => {
    const isCreation = request.method === 'POST' && request.url === '/api/v1/runs';
    const trap = isCreation ? set : undefined;
    if (trap) {
      set = undefined;
    }
    const passOn = await passing(target, request, PASSED);
    if (trap?.moment === 'asked') {
      await trap.spring();
      response.destroy();
      return;
    }
    const answer = await passOn();
    if (trap) {
      await (trap.moment === 'created' && trap.fetched());
      await trap.spring();
      response.destroy();
      return;
    }
    answer(response);
  });
  return {
    url,
    set(trap) {
      set = trap;
    },
    close,
  };
}

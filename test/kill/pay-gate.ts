/** A door in front of the Datahub that lets everything through, until something is to happen around a payment. */
import { serve } from '../support/serve.ts';
import { passing } from './pass-on.ts';

/** What is done with a payment that came; `passOn` lets the vendor take it. False: its answer is not given back. */
export type OnPayment = (passOn: () => Promise<unknown>) => Promise<boolean>;

export interface PayGate {
  url: string;
  /** Happens once, to the next payment. */
  next(what: OnPayment): void;
  close(): Promise<void>;
}

const PASSED = ['x-api-key', 'idempotency-key', 'content-type', 'accept'];

/** `target`: the vendor's origin, and what paths begin with there. */
export async function openPayGate(target: string): Promise<PayGate> {
  let next: OnPayment | undefined;
  const { url, close } = await serve(async (request, response) => {
    const isPayment = request.method === 'POST' && /\/pay$/.test(request.url ?? '');
    const passOn = await passing(target, request, PASSED);
    const what = isPayment ? next : undefined;
    if (!what) {
      (await passOn())(response);
      return;
    }
    next = undefined;
    let answer: Awaited<ReturnType<typeof passOn>> | undefined;
    const isAnswered = await what(async () => {
      answer = await passOn();
    });
    if (isAnswered && answer) {
      answer(response);
    } else {
      response.destroy();
    }
  });
  return {
    url,
    next(what) {
      next = what;
    },
    close,
  };
}

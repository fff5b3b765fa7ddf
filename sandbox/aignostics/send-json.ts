import type { Response } from 'express';
import type { Simulator } from './simulator.ts';

/** Sends a reading; under `malformed-json` only its first half. */
export function sendJson(response: Response, body: object, { take }: Simulator): void {
  if (take('malformed-json')) {
    const text = JSON.stringify(body);
    response.type('json').send(text.slice(0, Math.ceil(text.length / 2)));
  } else {
    response.json(body);
  }
}

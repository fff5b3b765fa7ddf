import type { Response } from 'express';

/** An object storage's error: XML, as Google's and Amazon's have it. */
export function sendStorageError(response: Response, status: number, code: string, details: string): void {
  response
    .status(status)
    .type('application/xml; charset=UTF-8')
    .send(`<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Details>${details}</Details></Error>`);
}

/** `PUT …/custom-metadata`: replaces the whole object, if it is still the one that the caller has seen. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { invalid, problemsOf, refuse } from './answers.ts';
import { metadataChecksum } from './checksum.ts';

const update = z.object({
  custom_metadata: z.record(z.string(), z.unknown()).nullish(),
  custom_metadata_checksum: z.string().nullish(),
});

export function putMetadata(
  request: Request,
  response: Response,
  target: { customMetadata: Record<string, unknown> | null },
): void {
  const parsed = update.safeParse(request.body, { reportInput: true });
  if (!parsed.success) {
    invalid(response, problemsOf('body', parsed.error.issues));
    return;
  }
  const { custom_metadata, custom_metadata_checksum: seen } = parsed.data;
  if (typeof seen === 'string' && seen !== metadataChecksum(target.customMetadata)) {
    refuse(response, 412, 'Checksum mismatch');
    return;
  }
  target.customMetadata = custom_metadata ?? null;
  response.json({ custom_metadata_checksum: metadataChecksum(target.customMetadata) });
}

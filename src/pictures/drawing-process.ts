/** The drawing process: draws what it is asked for, and ends with the process that has started it. */
import type { DrawAnswer, DrawRequest } from './draw-apart.ts';
import { drawFile, hasFont } from './draw-file.ts';
import { withSharp } from './one-at-a-time.ts';
import { previewFile } from './preview-file.ts';
import { turnFile } from './turn.ts';

// A terminal's signal goes to all: whoever started us finishes its work first, and lets us go then.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => undefined);
}
process.on('disconnect', () => process.exit(0));
process.on('message', async (request: DrawRequest) => {
  const answer = await draw(request).catch((): DrawAnswer => ({ failed: true }));
  process.send?.(answer);
});

function draw(request: DrawRequest): Promise<DrawAnswer> {
  return withSharp(async (sharp) => {
    if ('circles' in request) {
      return { circled: await drawFile(sharp, request.circles) };
    }
    if ('preview' in request) {
      return { previewed: await previewFile(sharp, request.preview) };
    }
    if ('turn' in request) {
      await turnFile(sharp, request.turn);
      return { turned: true };
    }
    if ('fonts' in request) {
      return { canWrite: await hasFont(sharp) };
    }
    return { png: await sharp(Buffer.from(request.svg)).png({ compressionLevel: 9 }).toBuffer() };
  });
}

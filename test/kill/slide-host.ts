/** A storage host that gives one slide by ranges, and knows what was fetched from it. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { serve } from '../support/serve.ts';

/** One request for bytes of the slide. */
export interface SlideFetch {
  start: number;
  /** Exclusive. */
  end: number;
  /** Bytes that have left; fewer than asked for where whoever fetched them has died. */
  sent: number;
  /** What the adapter had noted as copied when it asked. */
  noted: number;
}

export interface SlideHost {
  /** Of the slide. */
  url: string;
  /** `127.0.0.1:40123`, as a list of allowed hosts has it. */
  host: string;
  fetches: SlideFetch[];
  /** Settles as soon as the slide's byte before `position` leaves, for whatever request. */
  reach(position: number): Promise<void>;
  close(): Promise<void>;
}

/** Bytes from one mark to the next, and where they begin: behind the header. */
const MARKS = { every: 4096, from: 128 * 1024 };

/** `noted`: asked at each request, before anything is sent. */
export async function openSlideHost(path: string, size: number, noted: () => Promise<number>): Promise<SlideHost> {
  const fetches: SlideFetch[] = [];
  let wanted: { position: number; reached: () => void } | undefined;

  /** The file has holes: marks by their place, so that a part that is put at another place makes another checksum. */
  const marked = (piece: Uint8Array, offset: number): Uint8Array => {
    const first = Math.max(MARKS.from, Math.ceil(offset / MARKS.every) * MARKS.every);
    for (let at = first; at < offset + piece.byteLength; at += MARKS.every) {
      piece[at - offset] = Math.imul(at / MARKS.every, 2_654_435_761) >>> 24;
    }
    return piece;
  };

  async function* counted(pieces: AsyncIterable<Uint8Array>, fetched: SlideFetch): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) {
      const offset = fetched.start + fetched.sent;
      fetched.sent += piece.byteLength;
      yield marked(piece, offset);
      const at = fetched.start + fetched.sent;
      if (wanted && fetched.start < wanted.position && wanted.position <= at) {
        wanted.reached();
        wanted = undefined;
      }
    }
  }

  const { url, close } = await serve(async ({ headers }, response) => {
    const asked = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    const start = Number(asked?.[1] ?? 0);
    const end = Math.min(size, Number(asked?.[2] ?? size - 1) + 1);
    const fetched = { start, end, sent: 0, noted: await noted() };
    fetches.push(fetched);
    response.writeHead(asked ? 206 : 200, {
      'Content-Type': 'image/tiff',
      'Content-Length': end - start,
      ...(asked && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
      ETag: '"1"',
    });
    const pieces = createReadStream(path, { start, end: end - 1, highWaterMark: 256 * 1024 });
    // It breaks off where the adapter dies.
    await pipeline(pieces, (all) => counted(all, fetched), response).catch(() => undefined);
  });

  return {
    url: `${url}/slide.svs`,
    host: new URL(url).host,
    fetches,
    reach: (position) =>
      new Promise((reached) => {
        wanted = { position, reached };
      }),
    close,
  };
}

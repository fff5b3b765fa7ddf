/** Small pictures: a PNG of one colour, made by hand so that no drawing library is needed. */
import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A grey PNG of 60 by 80 pixels; another shade is another photo. */
export function photo(shade = 200): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(60, 0);
  header.writeUInt32BE(80, 4);
  header[8] = 8;
  const rows = Buffer.concat(
    Array.from({ length: 80 }, () => Buffer.concat([Buffer.from([0]), Buffer.alloc(60, shade)])),
  );
  return new Uint8Array(
    Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      chunk('IHDR', header),
      chunk('IDAT', deflateSync(rows)),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
}

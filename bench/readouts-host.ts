/** A storage host that makes up the tables of a slide as they are asked for: one row of thousands of columns, and a row for each cell. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { inPieces } from '../sandbox/aignostics/in-pieces.ts';
import { slideReadouts } from '../sandbox/aignostics/readouts.ts';
import { readSlide } from '../sandbox/aignostics/slide.ts';
import { numbersOf } from '../sandbox/random.ts';
import { base64, crc32c } from '../src/slides/crc32c.ts';

const { HOST_PORT = '', ROWS = '' } = process.env;
const CLASSES = ['CARCINOMA_CELL', 'EPITHELIAL_CELL', 'LYMPHOCYTE', 'PLASMA_CELL', 'MACROPHAGE', 'FIBROBLAST'];

/** About a hundred bytes a row. */
function* cells(): Generator<string> {
  const chance = numbersOf('cells of the benchmark');
  const shape = () => (20 + 60 * chance()).toFixed(6);
  yield '# For research use only\n';
  yield 'CELL_ID,CENTROID_X,CENTROID_Y,CELL_CLASS,IN_TISSUE,AREA,PERIMETER,ECCENTRICITY,SOLIDITY,HEMATOXYLIN\n';
  for (let row = 1; row <= Number(ROWS); row++) {
    const place = `${Math.floor(chance() * 1e5)},${Math.floor(chance() * 1e5)}`;
    yield `${row},${place},${CLASSES[row % CLASSES.length]},CARCINOMA,${shape()},${shape()},${shape()},${shape()},${shape()},${shape()}\n`;
  }
}

const TABLES: Record<string, () => Iterable<Buffer>> = {
  'cells.csv': () => inPieces(cells()),
  'slide.csv': () => inPieces(slideReadouts(readSlide({}, 'AAAAAA=='))),
};

function known(pieces: Iterable<Buffer>): { size: number; crc32c: string } {
  let [size, crc] = [0, 0];
  for (const piece of pieces) {
    size += piece.length;
    crc = crc32c(piece, crc);
  }
  return { size, crc32c: base64(crc) };
}

const about = Object.fromEntries(Object.entries(TABLES).map(([name, pieces]) => [name, known(pieces())]));

createServer((request, response) => {
  const name = request.url?.slice(1) ?? '';
  const pieces = TABLES[name];
  if (pieces) {
    response.setHeader('Content-Type', 'text/csv').setHeader('Content-Length', about[name]?.size ?? 0);
    Readable.from(pieces(), { objectMode: false }).pipe(response);
  } else {
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(about));
  }
}).listen(Number(HOST_PORT), '127.0.0.1');

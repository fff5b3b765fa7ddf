/** An EHR that has one picture, and a vendor that takes it: nothing but bytes, so that only the way between them is measured. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const { HOST_PORT = '', PICTURE = '' } = process.env;
const bytes = await readFile(PICTURE);
const media = JSON.stringify({
  resourceType: 'Media',
  id: '1',
  status: 'completed',
  content: { contentType: 'image/jpeg', url: 'Binary/1' },
});

createServer(async (request, response) => {
  if (request.method === 'POST') {
    let size = 0;
    for await (const piece of request) {
      size += piece.length;
    }
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ size }));
  } else if (request.url === '/fhir/Binary/1') {
    response.setHeader('Content-Type', 'image/jpeg').setHeader('Content-Length', bytes.length).end(bytes);
  } else {
    response.setHeader('Content-Type', 'application/fhir+json').end(media);
  }
}).listen(Number(HOST_PORT), '127.0.0.1');

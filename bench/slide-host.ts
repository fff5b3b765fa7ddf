/** An EHR with one order of one slide, which it gives in parts. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';

const { HOST_PORT = '', SLIDE = '' } = process.env;
const { size } = await stat(SLIDE);
const RESOURCES: Record<string, object> = {
  metadata: { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1' },
  'Patient/p': { resourceType: 'Patient', id: 'p' },
  'Media/1': {
    resourceType: 'Media',
    id: '1',
    status: 'completed',
    subject: { reference: 'Patient/p' },
    content: { contentType: 'image/tiff', url: 'Binary/1' },
  },
  'ServiceRequest/1': {
    resourceType: 'ServiceRequest',
    id: '1',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p' },
    supportingInfo: [{ reference: 'Media/1' }],
  },
};

createServer((request, response) => {
  const resource = RESOURCES[request.url?.replace('/fhir/', '') ?? ''];
  if (resource) {
    response.setHeader('Content-Type', 'application/fhir+json').end(JSON.stringify(resource));
    return;
  }
  const [, first = '0', last = String(size - 1)] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const [start, end] = [Number(first), Math.min(Number(last), size - 1)];
  response.writeHead(request.headers.range === undefined ? 200 : 206, {
    'Content-Type': 'image/tiff',
    'Content-Length': end - start + 1,
    'Content-Range': `bytes ${start}-${end}/${size}`,
    ETag: '"1"',
  });
  createReadStream(SLIDE, { start, end, highWaterMark: 256 * 1024 }).pipe(response);
}).listen(Number(HOST_PORT), '127.0.0.1');

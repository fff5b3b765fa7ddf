import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { DocumentReference } from '@medplum/fhirtypes';
import express from 'express';
import sharp from 'sharp';
import { z } from 'zod';
import { createFaults, type Faults } from '../../sandbox/faults.ts';
import { hematoRoutes } from '../../sandbox/hemato/routes.ts';
import { createLedger } from '../../sandbox/ledger.ts';
import type { OrderReading } from '../../src/fhir/types.ts';
import { DIAMETER_EXTENSION } from '../../src/vendors/hemato/facts.ts';
import { hemato } from '../../src/vendors/hemato/index.ts';
import { type OpenedVendor, vendorContract } from './contract.ts';

const FIELD = { width: 96, height: 64, channels: 3 } as const;
const picture = (background: string) =>
  sharp({ create: { ...FIELD, background } })
    .jpeg()
    .toBuffer();
const pictures = new Map<string, Uint8Array>([
  ['Media/first', await picture('#f0d0d8')],
  ['Media/second', await picture('#e8c8d8')],
]);

const { publicKey, privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
});
const KEY = { kid: 'key-of-the-suite', issuer: 'org-northlab', subject: randomUUID() };

let faults: Faults = createFaults();
const set = (fault: string) => () => void faults.set('hemato', fault);

async function openVendor(): Promise<OpenedVendor> {
  faults = createFaults();
  const ledger = createLedger();
  const keys = [{ kid: KEY.kid, publicKey, issuer: KEY.issuer, subjects: [KEY.subject] }];
  const parts = { faults: faults.of('hemato'), ledger: ledger.of('hemato'), now: () => new Date() };
  const routes = hematoRoutes({ ...parts, options: { profile: '2024', secondsUntilReady: 0, keys } });
  const server = createServer(express().use(routes)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const auth = { type: 'key-pair', ...KEY, privateKey };
  const settings = { baseUrl: `http://127.0.0.1:${port}`, profile: '2024', auth, icd10: 'icd-10' };
  return {
    settings,
    wrongSettings: { ...settings, auth: { ...auth, kid: 'unknown-key' } },
    // Any line of the key will do: JSON breaks the whole differently.
    secrets: [privateKey.split('\n')[5] ?? ''],
    async ledger() {
      const { calls = [], billed = {} } = ledger.read().hemato ?? {};
      const made = calls.filter(({ endpoint, keys }) => endpoint === 'POST /pbs' && keys !== undefined);
      return { 'study/1': made.length, 'tasks/1': billed.studies ?? 0 };
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The first picture says how large a red cell is on it, the second does not: a person has to. */
function reading(id: string): OrderReading {
  const focus: DocumentReference = {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    content: [{ attachment: { contentType: 'image/jpeg' } }],
    meta: { versionId: '1', lastUpdated: '2026-11-22T09:00:00Z' },
  };
  const input = (name: string, reference: string, sha: string, extension: { url: string; valueDecimal: number }[]) => ({
    name,
    kind: 'picture' as const,
    contentType: 'image/jpeg',
    sha256: sha.repeat(64),
    size: pictures.get(reference)?.byteLength ?? 0,
    date: '2026-11-21T09:00:00Z',
    reference,
    place: 'content',
    picture: { contentType: 'image/jpeg' as const, pictures: 1, width: FIELD.width, height: FIELD.height, extension },
  });
  return {
    focus,
    ordering: focus,
    replaces: [],
    version: '1',
    patient: { resourceType: 'Patient', id: 'p1', name: [{ family: 'Abendroth' }], birthDate: '1951-07-23' },
    subject: 'Patient/p1',
    signature: 'smear',
    inputs: [
      input('picture/001', 'Media/first', 'a', [{ url: DIAMETER_EXTENSION, valueDecimal: 14 }]),
      input('picture/002', 'Media/second', 'b', []),
    ],
  };
}

vendorContract({
  vendor: hemato,
  openVendor,
  reading,
  pictures,
  answers: { 'rbc-diameter': 14 },
  faults: [
    { name: 'a study is made and the answer lost', kind: 'ambiguous', set: set('study-created-answer-lost') },
    { name: 'tasks are taken and answered with 500', kind: 'ambiguous', set: set('tasks-taken-then-500') },
    { name: 'tasks are taken and the connection breaks', kind: 'ambiguous', set: set('tasks-taken-then-timeout') },
    { name: 'tasks are not taken and answered with 500', kind: 'ambiguous', set: set('tasks-not-taken-500') },
    { name: 'an upload is answered with 500', kind: 'transient', set: set('upload-500') },
    { name: 'an upload is cut', kind: 'transient', set: set('upload-cut') },
    { name: 'the token has expired', kind: 'transient', set: set('token-expired') },
    { name: 'the vendor asks to wait', kind: 'transient', set: set('rate-limit-429') },
    { name: 'the status path is missing once', kind: 'transient', set: set('status-path-404') },
    { name: 'a report is empty at first', kind: 'transient', set: set('not-ready-empty-report') },
    { name: 'an answer is no JSON', kind: 'transient', set: set('malformed-json') },
  ],
});

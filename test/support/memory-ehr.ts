import { buffer } from 'node:stream/consumers';
import type { DocumentReference } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { FileHolder, OrderReading, Published } from '../../src/fhir/types.ts';
import type { Ehr } from '../../src/orders/site.ts';
import { PICTURE_TYPES } from '../../src/pictures/types.ts';
import { streamOfBytes } from '../../src/streams.ts';

export interface ShownTask {
  id: string;
  version: number;
  status: string;
  reason?: string;
  businessStatus?: string;
  notes?: string[];
}

/** An EHR in a few lines for tests of the engine: keeps Tasks and publications, fails when told to. */
export interface MemoryEhr extends Ehr {
  tasks: Map<string, ShownTask[]>;
  published: Map<string, Parameters<Ehr['publish']>[0][]>;
  /** What a reading gives; undefined: the resource is gone. */
  reading: (id: string) => OrderReading | undefined;
  /** Thrown by the next call of that name. */
  failNext: Partial<Record<'readOrder' | 'openSlide' | 'saveTask' | 'publish' | 'retract', Error>>;
  /** Tasks (by id) that a person has ended. */
  closed: Set<string>;
  /** Tasks that were handed over: from, to. */
  handedOver: [string, string][];
  /** What was taken back, by key. */
  retracted: Map<string, Parameters<Ehr['retract']>[0][]>;
  /** The bytes of the files that were read for a publication, by name. */
  files: Map<string, Uint8Array>;
  /** Bytes of a kept file above which it is referred to where it is served; what refers to one of those, by order. */
  binaryLimit: number;
  holders: Map<string, FileHolder[]>;
  /** The parts of slides that were read: from, to. */
  slideParts: [number, number][];
}

/** `pictures`, as they may leave, and `slides`, as they stand: their bytes by the reference of their input. */
export function memoryEhr(
  reading: (id: string) => OrderReading | undefined,
  pictures: ReadonlyMap<string, Uint8Array> = new Map(),
  slides: ReadonlyMap<string, Uint8Array> = new Map(),
): MemoryEhr {
  const fail = (ehr: MemoryEhr, name: keyof MemoryEhr['failNext']): void => {
    const error = ehr.failNext[name];
    delete ehr.failNext[name];
    if (error) {
      throw error;
    }
  };
  const ehr: MemoryEhr = {
    tasks: new Map(),
    published: new Map(),
    reading,
    failNext: {},
    closed: new Set(),
    handedOver: [],
    retracted: new Map(),
    files: new Map(),
    binaryLimit: Number.POSITIVE_INFINITY,
    holders: new Map(),
    slideParts: [],
    async readOrder({ id }) {
      fail(ehr, 'readOrder');
      return ehr.reading(id);
    },
    async openPicture({ reference, contentType }) {
      const bytes = pictures.get(reference);
      const type = PICTURE_TYPES.find((one) => one === contentType);
      if (!bytes || !type) {
        throw new AdapterError('input-unavailable', 'There is no such picture');
      }
      return { contentType: type, size: bytes.byteLength, body: streamOfBytes(bytes) };
    },
    async openSlide({ reference }) {
      fail(ehr, 'openSlide');
      const bytes = slides.get(reference);
      if (!bytes) {
        throw new AdapterError('input-unavailable', 'There is no such slide');
      }
      return {
        readAt: async (offset, length) => bytes.subarray(offset, offset + length),
        readsAnywhere: async () => true,
        async part(start, end) {
          ehr.slideParts.push([start, end]);
          return { body: streamOfBytes(bytes.subarray(start, end)), end };
        },
        url: () => undefined,
      };
    },
    async saveTask(view, known, claim) {
      fail(ehr, 'saveTask');
      const versions = ehr.tasks.get(view.key) ?? [];
      const id = known?.id ?? claim?.id ?? versions[0]?.id ?? `task-${ehr.tasks.size + 1}`;
      const next: ShownTask = {
        id,
        version: versions.length + 1,
        status: view.status,
        ...(view.reason && { reason: view.reason.code }),
        ...(view.businessStatus && { businessStatus: view.businessStatus }),
        ...(view.notes.length > 0 && { notes: view.notes }),
      };
      ehr.tasks.set(view.key, [...versions, next]);
      return { type: 'Task', id, version: String(next.version) };
    },
    lookAtTask: async ({ id }) => (ehr.closed.has(id) ? { closed: true } : undefined),
    async handOver(id, to) {
      ehr.handedOver.push([id, to]);
    },
    async retract(retraction): Promise<Published> {
      fail(ehr, 'retract');
      const { key } = retraction.task;
      ehr.retracted.set(key, [...(ehr.retracted.get(key) ?? []), retraction]);
      const task = await ehr.saveTask(retraction.task, { id: retraction.taskId, version: undefined });
      const holders = (ehr.holders.get(key) ?? []).map((one) => ({ ...one, urls: [] }));
      return { written: [...retraction.written], task, leftOut: [], leftAlone: [], holders };
    },
    async publish(publication): Promise<Published> {
      fail(ehr, 'publish');
      ehr.published.set(publication.key, [...(ehr.published.get(publication.key) ?? []), publication]);
      const small = publication.files.filter(({ kept, size }) => !kept || size <= ehr.binaryLimit);
      for (const file of small) {
        const part = `binary/${Buffer.from(file.sha1, 'base64').toString('base64url')}`;
        if (!publication.written.some((one) => one.part === part)) {
          ehr.files.set(file.name, await buffer(file.read()));
          await publication.remember([{ part, type: 'Binary', id: `${ehr.files.size}` }]);
        }
      }
      const task = await ehr.saveTask(publication.task, { id: publication.taskId, version: publication.taskVersion });
      const written = publication.findings.items.map((item) => ({
        part: item.part,
        type: item.resource.resourceType,
        id: `${publication.key}-${item.part}`,
        version: '1',
      }));
      const linked = new Map(
        publication.files.flatMap((one) => (small.includes(one) ? [] : [[one.name, one.kept?.url]])),
      );
      const holders = publication.findings.items.map(({ part, resource, file = '' }) => ({
        type: resource.resourceType,
        id: `${publication.key}-${part}`,
        urls: [linked.get(file) ?? []].flat(),
      }));
      ehr.holders.set(publication.key, holders);
      return { written, task, leftOut: [], leftAlone: [], holders };
    },
  };
  return ehr;
}

/** A note as the fhir room reads it. */
export function noteReading(id: string, text: string, version = '1'): OrderReading {
  const bytes = new TextEncoder().encode(text);
  const focus: DocumentReference = {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    date: '2026-11-20T09:00:00Z',
    content: [{ attachment: { contentType: 'text/plain' } }],
    meta: { versionId: version, lastUpdated: '2026-11-22T09:00:00Z' },
  };
  return {
    focus,
    ordering: focus,
    replaces: [],
    version,
    patient: { resourceType: 'Patient', id: 'p1' },
    subject: 'Patient/p1',
    signature: `${text.length}:${text.slice(0, 40)}`,
    inputs: [
      {
        name: 'note',
        kind: 'note',
        contentType: 'text/plain',
        sha256: Buffer.from(text).toString('base64url').slice(0, 64).padEnd(64, '0'),
        size: bytes.length,
        characters: Array.from(text).length,
        date: '2026-11-20',
        reference: `DocumentReference/${id}`,
        bytes,
      },
    ],
  };
}

/** Lets the next `times` publications (or retractions) find the EHR down. */
export function downFor(ehr: MemoryEhr, times: number, what: 'publish' | 'retract' = 'publish'): void {
  let down = times;
  const whileDown =
    <Told>(work: (told: Told) => Promise<Published>) =>
    async (told: Told): Promise<Published> => {
      if (down-- > 0) {
        throw new AdapterError('ehr-unreachable', 'down');
      }
      return work(told);
    };
  if (what === 'publish') {
    ehr.publish = whileDown(ehr.publish);
  } else {
    ehr.retract = whileDown(ehr.retract);
  }
}

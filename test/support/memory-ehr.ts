import { AdapterError } from '../../src/errors.ts';
import type { OrderReading, Published } from '../../src/fhir/types.ts';
import type { Ehr } from '../../src/orders/site.ts';

/** An EHR in a few lines for tests of the engine: keeps Tasks and publications, fails when told to. */
export interface MemoryEhr extends Ehr {
  tasks: Map<string, { id: string; version: number; status: string; reason?: string }[]>;
  published: Map<string, Parameters<Ehr['publish']>[0][]>;
  /** What a reading gives; undefined: the resource is gone. */
  reading: (id: string) => OrderReading | undefined;
  /** Thrown by the next call of that name. */
  failNext: Partial<Record<'readOrder' | 'saveTask' | 'publish', Error>>;
}

export function memoryEhr(reading: (id: string) => OrderReading | undefined): MemoryEhr {
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
    async readOrder({ id }) {
      fail(ehr, 'readOrder');
      return ehr.reading(id);
    },
    async saveTask(view, known) {
      fail(ehr, 'saveTask');
      const versions = ehr.tasks.get(view.key) ?? [];
      const id = known?.id ?? versions[0]?.id ?? `task-${ehr.tasks.size + 1}`;
      const next = {
        id,
        version: versions.length + 1,
        status: view.status,
        ...(view.reason && { reason: view.reason.code }),
      };
      ehr.tasks.set(view.key, [...versions, next]);
      return { type: 'Task', id, version: String(next.version) };
    },
    async publish(publication): Promise<Published> {
      fail(ehr, 'publish');
      ehr.published.set(publication.key, [...(ehr.published.get(publication.key) ?? []), publication]);
      const task = await ehr.saveTask(publication.task, { id: publication.taskId, version: publication.taskVersion });
      const written = publication.findings.items.map((item) => ({
        part: item.part,
        type: item.resource.resourceType,
        id: `${publication.key}-${item.part}`,
        version: '1',
      }));
      return { written, task, leftOut: [], leftAlone: [] };
    },
  };
  return ehr;
}

/** A note as the fhir room reads it. */
export function noteReading(id: string, text: string, version = '1'): OrderReading {
  const bytes = new TextEncoder().encode(text);
  return {
    focus: {
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      date: '2026-11-20T09:00:00Z',
      content: [{ attachment: { contentType: 'text/plain' } }],
      meta: { versionId: version, lastUpdated: '2026-11-22T09:00:00Z' },
    },
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

/** Lets the next `times` publications find the EHR down. */
export function downFor(ehr: MemoryEhr, times: number): void {
  const { publish } = ehr;
  let down = times;
  ehr.publish = async (...args) => {
    if (down-- > 0) {
      throw new AdapterError('ehr-unreachable', 'down');
    }
    return publish(...args);
  };
}

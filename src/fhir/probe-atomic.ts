/**
 * Whether a failed transaction really leaves nothing behind. Servers announce transactions and run a batch (a Medplum
 * project without its feature does), so it is tried once: a transaction whose second entry must fail.
 *
 * It touches no patient and cleans up after itself: both entries are Devices with an identifier of their own.
 */
import { randomUUID } from 'node:crypto';
import type { Bundle, Device } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Capabilities, FhirClient } from './types.ts';

const SYSTEM = 'urn:fhir-ai-adapter:probe';

/** The version no resource has: numbering begins at 1, and the id is new as well. */
const IMPOSSIBLE = 'W/"0"';

type Server = Pick<FhirClient, 'submit' | 'search' | 'create' | 'remove'>;

function device(value: string): Device {
  return {
    resourceType: 'Device',
    identifier: [{ system: SYSTEM, value }],
    status: 'inactive',
    deviceName: [{ name: 'Atomicity probe of the FHIR AI adapter', type: 'other' }],
  };
}

function transaction(value: string): Bundle {
  const id = randomUUID();
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl: `urn:uuid:${randomUUID()}`, resource: device(value), request: { method: 'POST', url: 'Device' } },
      {
        fullUrl: `urn:uuid:${id}`,
        resource: { ...device(value), id },
        request: { method: 'PUT', url: `Device/${id}`, ifMatch: IMPOSSIBLE },
      },
    ],
  };
}

/** Ids of the Devices an answer says were written. */
function writtenIds(answer: Bundle): string[] {
  return (answer.entry ?? []).flatMap(({ response, resource }) => {
    const located = /(?:^|\/)Device\/([A-Za-z0-9.-]{1,64})(?:\/|$)/.exec(response?.location ?? '')?.[1];
    const id = located ?? (resource?.resourceType === 'Device' ? resource.id : undefined);
    return response?.status?.startsWith('2') && id !== undefined ? [id] : [];
  });
}

/** Removes the probe's Devices: those named and those found by its identifier. Says whether there were any. */
async function removeTraces(server: Server, value: string, named: string[]): Promise<boolean> {
  const found = await server.search(`Device?identifier=${encodeURIComponent(`${SYSTEM}|${value}`)}`);
  const ids = new Set(named);
  for (const { resource } of found.entry ?? []) {
    // A server that ignores the search word would have us delete other people's devices.
    if (resource?.resourceType === 'Device' && resource.identifier?.some((one) => one.value === value) && resource.id) {
      ids.add(resource.id);
    }
  }
  for (const id of ids) {
    await server.remove('Device', id);
  }
  return ids.size > 0;
}

/** Whether the server takes such a Device at all; if not, the transaction failed for that, and proved nothing. */
async function takesDevice(server: Server): Promise<boolean> {
  const value = randomUUID();
  let id: string | undefined;
  try {
    ({ id } = await server.create(device(value)));
    return true;
  } finally {
    await removeTraces(server, value, id === undefined ? [] : [id]);
  }
}

/**
 * True only where the whole transaction was refused for its second entry and nothing of the first was found afterwards.
 * Whatever else happens, an unreachable server included, counts as not atomic and is thrown away with its traces;
 * `again` says that the answer was no proof and another try may be worth it.
 */
export async function probeAtomic(
  server: Server,
  capabilities: Capabilities,
  log: Log,
): Promise<{ atomic: boolean; again: boolean }> {
  if (!capabilities.transaction || !capabilities.types.Device?.interactions.includes('create')) {
    return { atomic: false, again: false };
  }
  const value = randomUUID();
  let named: string[] = [];
  let refusal: AdapterError | undefined;
  try {
    try {
      named = writtenIds(await server.submit(transaction(value)));
    } catch (thrown) {
      refusal = thrown instanceof AdapterError ? thrown : undefined;
    }
    const left = await removeTraces(server, value, named);
    const status = refusal?.status;
    if (left || status === undefined) {
      return { atomic: false, again: refusal !== undefined };
    }
    // A 404 without an OperationOutcome may as well mean that nobody takes transactions here.
    if ([409, 412].includes(status) || ([404, 410].includes(status) && refusal?.outcome)) {
      return { atomic: true, again: false };
    }
    // 400 and 422 do not tell which entry was meant.
    return {
      atomic: [400, 422].includes(status) && (await takesDevice(server)),
      again: status >= 500 || status === 429,
    };
  } catch (thrown) {
    const code = thrown instanceof AdapterError ? thrown.code : 'unexpected';
    log.warn({ code, resourceType: 'Device' }, 'the atomicity probe could not be finished');
    return { atomic: false, again: thrown instanceof AdapterError && thrown.kind !== 'permanent' };
  }
}

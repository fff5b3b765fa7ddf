/**
 * Writes a plan to a server whose transactions cannot be trusted or do not exist: what is missing, one by one, each
 * looked up before (the plan did); the report after all it refers to, the Task last under If-Match. One stage a call.
 */
import type { Provenance, Resource } from '@medplum/fhirtypes';
import { AdapterError, asAdapterError } from '../errors.ts';
import { derivedId, searchToken } from './identifiers.ts';
import { nameOf, type Session, type Write } from './part-planner.ts';
import type { Plan } from './publish-plan.ts';
import { refusedType, speaksOfType } from './refusal.ts';
import { OUR_SYSTEMS } from './terminology.ts';
import type { Capabilities, FhirClient, Saved } from './types.ts';

function savedOf(resource: Resource): Saved {
  if (resource.id === undefined) {
    throw new AdapterError('ehr-protocol', 'The FHIR server wrote a resource without an id');
  }
  return { type: resource.resourceType, id: resource.id, version: resource.meta?.versionId };
}

/** Makes or changes one resource. Its id is chosen by us only where there are no transactions and the server takes ids. */
async function write(client: FhirClient, key: string, one: Write, capabilities: Capabilities): Promise<Saved> {
  const { resource, id, ifMatch, part } = one;
  if (id !== undefined) {
    return savedOf(await client.update({ ...resource, id }, ifMatch === undefined ? {} : { ifMatch }));
  }
  const offered = capabilities.types[resource.resourceType];
  if (!capabilities.transaction && offered?.updateCreate === true) {
    return savedOf(await client.update({ ...resource, id: derivedId(key, part) }));
  }
  const guard = `identifier=${searchToken(OUR_SYSTEMS.result, `${key}#${part}`)}`;
  return savedOf(await client.create(resource, offered?.conditionalCreate === true ? { ifNoneExist: guard } : {}));
}

/** A Provenance for what now has an id. */
function pointed(provenance: Provenance, { type, id }: Saved): Provenance {
  return { ...provenance, target: [{ reference: `${type}/${id}` }] };
}

/** Runs one request and learns what the server does not take. */
async function learning(
  session: Session,
  type: string,
  part: string | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const error = asAdapterError(thrown);
    if (speaksOfType(error) || refusedType(error, [type]) !== undefined) {
      session.refused.add(type);
    } else if (error.code === 'ehr-rejected' && part !== undefined) {
      session.rejected.set(part, 'this system refused it');
    } else {
      throw error;
    }
  }
}

async function writeWithProvenance(client: FhirClient, key: string, one: Write, session: Session): Promise<void> {
  const capabilities = await client.capabilities();
  const { resource, kind, provenance } = one;
  let saved: Saved | undefined;
  await learning(session, resource.resourceType, kind === 'report' ? undefined : nameOf(one), async () => {
    saved = await write(client, key, one, capabilities);
    session.confirmed.set(nameOf(one), saved);
  });
  const target = saved;
  if (target !== undefined && provenance !== undefined && !session.refused.has('Provenance')) {
    await learning(session, 'Provenance', undefined, async () => {
      await client.create(pointed(provenance, target));
    });
  }
}

/** The writes that refer to nothing which is still to be made: by its fullUrl nobody would find it. */
function ready(writes: Write[]): Write[] {
  const coming = new Set(writes.filter(({ id }) => id === undefined).map(({ reference }) => reference));
  return writes.filter(({ resource, reference }) => {
    const named = JSON.stringify(resource).match(/urn:uuid:[0-9a-f-]{36}/g) ?? [];
    return !named.some((one) => one !== reference && coming.has(one));
  });
}

/** Writes the next stage: items and withdrawals, what others refer to first; then the report; then the Task. */
export async function writeOneByOne(client: FhirClient, key: string, plan: Plan, session: Session): Promise<void> {
  const reports = plan.writes.filter(({ kind }) => kind === 'report');
  const others = plan.writes.filter(({ kind }) => kind !== 'report');
  for (const provenance of plan.provenances) {
    await learning(session, 'Provenance', undefined, async () => {
      await client.create(provenance);
    });
  }
  if (plan.provenances.length > 0 && session.refused.has('Provenance')) {
    // The report was planned as if there were any.
    return;
  }
  const stage = others.length > 0 ? ready(others) : reports;
  for (const one of stage) {
    if (!session.refused.has(one.resource.resourceType)) {
      await writeWithProvenance(client, key, one, session);
    }
  }
  if (stage.length > 0 || plan.provenances.length > 0) {
    return;
  }
  const version = plan.task.meta?.versionId;
  const written = await client.update(plan.wanted, version === undefined ? {} : { ifMatch: version });
  session.taskVersion = written.meta?.versionId;
  session.knownTask = written.meta?.versionId;
}

/** Who stands behind the results, as resources: the adapter's Device, the model's Device, the vendor's Organization. */
import type { Device, Identifier, Organization, Reference } from '@medplum/fhirtypes';
import { AdapterError } from '../errors.ts';
import type { Model } from '../findings.ts';
import type { Devices } from './complete-finding.ts';
import { findByIdentifier } from './find-by-identifier.ts';
import { searchToken } from './identifiers.ts';
import { takes } from './takes.ts';
import { AI_GUIDE, ARTIFICIAL_INTELLIGENCE, OUR_SYSTEMS } from './terminology.ts';
import { tidy } from './tidy.ts';
import type { FhirClient } from './types.ts';

/** The adapter's own Device: one per FHIR server, whatever its version. */
export const ADAPTER_DEVICE: { identifier: Identifier; name: string } = {
  identifier: { system: OUR_SYSTEMS.device, value: 'adapter' },
  name: 'FHIR AI adapter',
};

export function buildAdapterDevice(): Device {
  return {
    resourceType: 'Device',
    identifier: [ADAPTER_DEVICE.identifier],
    status: 'active',
    deviceName: [{ name: ADAPTER_DEVICE.name, type: 'user-friendly-name' }],
    type: { text: 'Interface software' },
  };
}

function modelIdentifier(vendor: string, model: Model): Identifier {
  return { system: OUR_SYSTEMS.device, value: [vendor, model.name, model.version ?? ''].join('|') };
}

/** The algorithm in one version; another version is another Device, so that past results stay traceable. */
export function buildModelDevice(vendor: string, model: Model, owner: Reference<Organization>): Device {
  return tidy<Device>({
    resourceType: 'Device',
    extension: model.kinds.map((code) => ({
      url: AI_GUIDE.kindExtension,
      valueCodeableConcept: { coding: [{ system: AI_GUIDE.deviceType, code }] },
    })),
    identifier: [modelIdentifier(vendor, model)],
    status: 'active',
    manufacturer: model.manufacturer,
    deviceName: [{ name: model.name, type: 'model-name' }],
    type: { coding: [ARTIFICIAL_INTELLIGENCE] },
    version: model.version === undefined ? undefined : [{ value: model.version }],
    owner,
  });
}

export function buildOrganization(vendor: { name: string; title: string }): Organization {
  return {
    resourceType: 'Organization',
    identifier: [{ system: OUR_SYSTEMS.organization, value: vendor.name }],
    active: true,
    name: vendor.title,
  };
}

/**
 * The reference of a resource that is looked up by identifier and made where it is missing. Where the server takes no
 * such type: a logical reference, which is legal everywhere. Callers run it single flight.
 */
async function ensure(
  client: FhirClient,
  resource: Device | Organization,
  display: string,
): Promise<{ reference?: string; identifier?: Identifier; display: string }> {
  const identifier = resource.identifier?.[0];
  const { system, value } = identifier ?? {};
  if (system === undefined || value === undefined) {
    throw new AdapterError('unexpected', 'A Device or Organization needs an identifier', { kind: 'permanent' });
  }
  const capabilities = await client.capabilities();
  if (!takes(capabilities, resource.resourceType)) {
    return { identifier, display };
  }
  const [standing] = await findByIdentifier(client, resource.resourceType, system, [value]);
  if (standing !== undefined) {
    return { reference: `${standing.resourceType}/${standing.id}`, display };
  }
  const guarded = capabilities.types[resource.resourceType]?.conditionalCreate === true;
  const made = await client.create<Device | Organization>(
    resource,
    guarded ? { ifNoneExist: `identifier=${searchToken(system, value)}` } : {},
  );
  return { reference: `${made.resourceType}/${made.id}`, display };
}

/** The adapter's Device, for Task.owner: `Device/…`, or empty where the server takes no Devices. */
export async function ensureAdapterDevice(client: FhirClient): Promise<string> {
  return (await ensure(client, buildAdapterDevice(), ADAPTER_DEVICE.name)).reference ?? '';
}

/** All three; throws the client's errors. Repeats harmlessly. */
export async function ensureDevices(
  client: FhirClient,
  vendor: { name: string; title: string },
  model: Model,
): Promise<Devices> {
  const adapter = await ensure(client, buildAdapterDevice(), ADAPTER_DEVICE.name);
  const organization = await ensure(client, buildOrganization(vendor), vendor.title);
  const display = model.version === undefined ? model.name : `${model.name} ${model.version}`;
  return {
    adapter,
    organization,
    model: await ensure(client, buildModelDevice(vendor.name, model, organization), display),
  };
}

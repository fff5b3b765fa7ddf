/** A FHIR server as far as reading an order sees it: resources, addresses, and a list of what was asked. */

import type { Bundle, Reference, Resource } from '@medplum/fhirtypes';
import { AdapterError } from '../../src/errors.ts';
import type { Capabilities, FhirClient } from '../../src/fhir/types.ts';
import { streamOfBytes } from '../../src/streams.ts';

export interface ServedFile {
  bytes: Uint8Array;
  contentType?: string;
  /** The server's word for its version. */
  version?: string;
  /** It gives the whole file, whatever part is asked for, and not its size. */
  wholeOnly?: boolean;
}

export interface ReadingServer {
  client: FhirClient;
  /** `read Patient/1`, `search …`, `fetch …`, in order. */
  asked: string[];
  resources: Map<string, Resource>;
  files: Map<string, ServedFile>;
  /** Runs before every read and search: lets addresses expire or resources change. */
  beforeRead: (reference: string) => void;
}

const never = () => Promise.reject(new Error('not asked for in these tests'));

function capabilities(searchable: boolean): Capabilities {
  const type = (searchParams: string[]) => ({
    interactions: searchable ? ['read', 'search-type'] : ['read'],
    conditionalCreate: false,
    updateCreate: false,
    versioning: 'versioned' as const,
    searchParams,
  });
  return {
    fhirVersion: '4.0.1',
    transaction: false,
    batch: false,
    atomic: false,
    types: {
      DocumentReference: type(['patient', 'subject', 'encounter', 'related']),
      ServiceRequest: type(['patient', 'encounter', 'specimen']),
      Media: type(['based-on', 'subject']),
      ImagingStudy: type(['basedon']),
    },
  };
}

export function readingServer(
  resources: Resource[],
  { searchable = false, baseUrl = 'https://ehr.example/fhir/R4' } = {},
): ReadingServer {
  const stored = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  const server: Omit<ReadingServer, 'client'> = {
    asked: [],
    resources: stored,
    files: new Map(),
    beforeRead: () => {},
  };

  function found(reference: string): Resource | undefined {
    server.beforeRead(reference);
    return stored.get(reference);
  }

  function bundle(query: string): Bundle {
    const [type, words = ''] = query.split('?');
    const parameters = new URLSearchParams(words);
    const id = parameters.get('_id');
    const related = parameters.get('related');
    const pointing = (target: string) =>
      [...stored.values()].filter(
        (resource) =>
          resource.resourceType === 'DocumentReference' &&
          resource.context?.related?.some(({ reference }) => reference === target),
      );
    if (related !== null) {
      return { resourceType: 'Bundle', type: 'searchset', entry: pointing(related).map((resource) => ({ resource })) };
    }
    const focus = found(`${type}/${id}`);
    if (!focus) {
      return { resourceType: 'Bundle', type: 'searchset' };
    }
    const text = JSON.stringify(focus);
    const wanted = { patient: 'Patient', encounter: 'Encounter', specimen: 'Specimen' };
    const included = parameters.getAll('_include').flatMap((include) => {
      const kind = Object.entries(wanted).find(([name]) => include.endsWith(`:${name}`))?.[1];
      return [...stored].filter(([key]) => key.startsWith(`${kind}/`) && text.includes(`"${key}"`));
    });
    const reverse = parameters.has('_revinclude') ? pointing(`${type}/${id}`) : [];
    const others = [...included.map(([, resource]) => resource), ...reverse];
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      entry: [
        { resource: focus, search: { mode: 'match' } },
        ...others.map((resource) => ({ resource, search: { mode: 'include' as const } })),
      ],
    };
  }

  /** What names one of the wanted references in the element that the search parameter is about. */
  function pointed(query: string): Bundle {
    const [type, words = ''] = query.split('?');
    const entries = [...new URLSearchParams(words)].filter(([name]) => !name.startsWith('_'));
    const elements = (resource: Resource, name: string): Reference[] =>
      resource.resourceType === 'Media'
        ? [(name === 'subject' ? resource.subject : resource.basedOn) ?? []].flat()
        : resource.resourceType === 'DocumentReference'
          ? (resource.context?.related ?? [])
          : resource.resourceType === 'ImagingStudy'
            ? (resource.basedOn ?? [])
            : [];
    const found = [...stored.values()].filter(
      (resource) =>
        resource.resourceType === type &&
        entries.every(([name, wanted]) =>
          elements(resource, name).some(({ reference = '' }) => wanted.split(',').includes(reference)),
        ),
    );
    return { resourceType: 'Bundle', type: 'searchset', entry: found.map((resource) => ({ resource })) };
  }

  const client: FhirClient = {
    site: 'general',
    baseUrl,
    read: async <T extends Resource>(type: T['resourceType'], id: string) => {
      server.asked.push(`read ${type}/${id}`);
      const isWanted = (resource: Resource | undefined): resource is T => resource?.resourceType === type;
      const resource = found(`${type}/${id}`);
      return isWanted(resource) ? structuredClone(resource) : undefined;
    },
    search: async (query) => {
      server.asked.push(`search ${query}`);
      return structuredClone(bundle(query));
    },
    fetchBytes: async (url, _accept, { range } = {}) => {
      server.asked.push(range ? `fetch ${url} ${range.start}-${range.end}` : `fetch ${url}`);
      const file = server.files.get(url);
      if (!file) {
        throw new AdapterError('input-unavailable', 'An attachment cannot be fetched (403)', { status: 403 });
      }
      const part = range && !file.wholeOnly ? { ...range, end: Math.min(range.end, file.bytes.length) } : undefined;
      return {
        contentType: file.contentType,
        size: undefined,
        body: streamOfBytes(part ? file.bytes.slice(part.start, part.end) : file.bytes),
        ...(part && { range: { ...part, of: file.bytes.length } }),
        ...(file.version !== undefined && { version: file.version }),
      };
    },
    capabilities: async () => capabilities(searchable),
    serverTime: async () => new Date(0),
    pages: async function* (query) {
      server.asked.push(`pages ${query}`);
      yield structuredClone(pointed(query));
    },
    create: never,
    saveBytes: never,
    update: never,
    remove: never,
    submit: never,
  };
  return Object.assign(server, { client });
}

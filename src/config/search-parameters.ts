/** The R4 search parameters of the types that a route may name, from a file made by scripts/search-parameters.ts. */
import { readFileSync } from 'node:fs';
import { indexSearchParameterBundle } from '@medplum/core';
import type { SearchParameter } from '@medplum/fhirtypes';
import { z } from 'zod';

/** What can be ordered by: a note, a picture, an order, or the EHR's own Task for us. */
export const ORDER_TYPES = ['DocumentReference', 'Media', 'ServiceRequest', 'Task'] as const;
export type OrderType = (typeof ORDER_TYPES)[number];

const parameter = z.strictObject({
  type: z.enum(['composite', 'date', 'reference', 'string', 'token', 'uri']),
  expression: z.string(),
  target: z.array(z.string()).optional(),
  elements: z.array(z.string()),
});
const table = z.record(z.enum(ORDER_TYPES), z.record(z.string(), parameter));

export type Parameter = z.infer<typeof parameter>;

let loaded: z.infer<typeof table> | undefined;

/** Reads the file at the first use, and tells @medplum/core's matcher (a registry of its module) of its parameters. */
function load(): z.infer<typeof table> {
  if (loaded === undefined) {
    loaded = table.parse(JSON.parse(readFileSync(new URL('./search-parameters.json', import.meta.url), 'utf8')));
    const resources = ORDER_TYPES.flatMap((base) =>
      Object.entries(loaded?.[base] ?? {}).map(
        ([code, { type, expression }]): SearchParameter => ({
          resourceType: 'SearchParameter',
          url: `urn:fhir-ai-adapter:search:${base}:${code}`,
          name: code,
          status: 'active',
          description: code,
          code,
          base: [base],
          type,
          expression,
        }),
      ),
    );
    indexSearchParameterBundle({
      resourceType: 'Bundle',
      type: 'collection',
      entry: resources.map((resource) => ({ resource })),
    });
  }
  return loaded;
}

/** The R4 search parameters of a type by name. */
export function parametersOf(type: OrderType): Readonly<Record<string, Parameter>> {
  return load()[type];
}

/** Whether `type` is one that a route may name. */
export function isOrderType(type: string): type is OrderType {
  return ORDER_TYPES.some((known) => known === type);
}

/** Whether an order names what its vendor needs: a note, a picture, a slide. Pure, over whatever JSON came as a resource. */
import type { Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { lenientList } from '../../fhir/lenient-list.ts';
import { mayBePicture } from '../../fhir/picture-holders.ts';
import { localReference } from '../../fhir/references.ts';
import { isMedia, mediaType } from '../../fhir/text/sniff.ts';
import type { RouteRuntime } from '../../orders/site.ts';

export type InputKind = RouteRuntime['vendor']['needs'][number];

/** Which inputs a resource of a type may hold, or lead to: a slide is found by its Specimen, and so are some pictures. */
const HOLDERS: Record<string, readonly InputKind[]> = {
  DocumentReference: ['note', 'picture', 'slide'],
  DiagnosticReport: ['note'],
  Composition: ['note'],
  Media: ['picture', 'slide'],
  Binary: ['picture'],
  // Its frames are DICOM, which no vendor of pictures takes.
  ImagingStudy: ['slide'],
  Specimen: ['picture', 'slide'],
};
/** Types that only lead to an input, or do not say what they hold: that they are named does not say that there is one. */
const LEADS = new Set(['DiagnosticReport', 'ImagingStudy', 'Specimen', 'Binary']);

const text = z.string().optional().catch(undefined);
const reference = z.looseObject({ reference: text });

const orderShape = z.looseObject({
  supportingInfo: lenientList(reference),
  specimen: lenientList(reference),
  /** Of a Task. */
  input: lenientList(z.looseObject({ valueReference: reference })),
  contained: lenientList(z.looseObject({ id: z.string(), resourceType: z.string() })),
});
const documentShape = z.looseObject({
  content: lenientList(z.looseObject({ attachment: z.looseObject({ contentType: text }) })),
});

interface Named {
  /** `Media/1`; `#a` for a contained one. */
  reference: string;
  type: string;
  /** Where it is contained. */
  resource?: unknown;
}

function namedBy(baseUrl: string, order: Resource, needs: readonly InputKind[]): Named[] {
  const { data } = orderShape.safeParse(order);
  if (!data) {
    return [];
  }
  const references = [...data.supportingInfo, ...data.specimen, ...data.input.map((each) => each.valueReference)];
  const all = references.flatMap(({ reference: said = '' }): Named[] => {
    const inside = said.startsWith('#') ? data.contained.find(({ id }) => `#${id}` === said) : undefined;
    const local = localReference(baseUrl, { reference: said });
    if (inside) {
      return [{ reference: said, type: inside.resourceType, resource: inside }];
    }
    return local ? [{ reference: local.reference, type: local.type }] : [];
  });
  return all.filter(({ type }) => needs.some((need) => HOLDERS[type]?.includes(need)));
}

/** The documents of the EHR that have to be looked at to tell whether they are what is needed. */
export function documentsToLookAt(baseUrl: string, order: Resource, needs: readonly InputKind[]): string[] {
  return namedBy(baseUrl, order, needs)
    .filter(({ type, resource }) => type === 'DocumentReference' && resource === undefined)
    .map((named) => named.reference);
}

/** What a document's attachments are, by what they say of themselves. */
function kindsOf(document: unknown): readonly InputKind[] {
  const types = documentShape.safeParse(document).data?.content.map(({ attachment }) => attachment.contentType) ?? [];
  return types.flatMap((type): readonly InputKind[] =>
    mediaType(type) === undefined
      ? ['note', 'picture', 'slide']
      : mayBePicture(type)
        ? ['picture', 'slide']
        : isMedia(type)
          ? []
          : ['note'],
  );
}

export type InputVerdict = 'named' | 'missing' | 'unknown';

/**
 * `missing` and `named` are certain; `unknown` where something is named that was not looked at.
 *
 * @param known documents at hand, by their reference
 */
export function judgeInputs(
  baseUrl: string,
  order: Resource,
  needs: readonly InputKind[],
  known: ReadonlyMap<string, unknown>,
): InputVerdict {
  const verdicts = namedBy(baseUrl, order, needs).map(({ type, reference: name, resource }): InputVerdict => {
    if (LEADS.has(type)) {
      return 'unknown';
    }
    const document = resource ?? known.get(name);
    if (type !== 'DocumentReference') {
      return 'named';
    }
    if (document === undefined) {
      return 'unknown';
    }
    return kindsOf(document).some((kind) => needs.includes(kind)) ? 'named' : 'missing';
  });
  return verdicts.find((each) => each === 'named') ?? verdicts.find((each) => each === 'unknown') ?? 'missing';
}

/**
 * What counts as an order's content, from the resources alone: tells an update that changes something, and something
 * that was only added. Pure.
 */
import { createHash } from 'node:crypto';
import type { Extension, Resource } from '@medplum/fhirtypes';
import { z } from 'zod';
import { attachmentIdentity } from './attachments.ts';

/** What an order is to be done with: a resource by its reference, where it could be read. */
export interface Source {
  /** `DocumentReference/1`, or `#1` for a contained one. */
  reference: string;
  resource?: Resource | undefined;
  /** False: it is known, and not (yet) anything to do the order with: a picture that is still to be taken. */
  isPart?: boolean;
}

/**
 * `order`: digest of the ordering resource; `sources`: digest by reference, empty where only the reference is known, and
 * `-` where it is no part of the order.
 */
const signatureSchema = z.object({ order: z.string(), sources: z.record(z.string(), z.string()) });

const NO_PART = '-';

/** Workflow fields, notes and meta are left out: a change of those must not have the work done again. */
function content(resource: Resource): unknown {
  const { resourceType } = resource;
  switch (resource.resourceType) {
    case 'DocumentReference': {
      const { status, docStatus, type, category, subject, date, relatesTo, context } = resource;
      const files = (resource.content ?? []).map(({ attachment, format }) => [
        attachment && attachmentIdentity(attachment),
        format,
      ]);
      const around = [context?.practiceSetting, context?.period, context?.encounter];
      return [resourceType, status, docStatus, type, category, subject, date, relatesTo, files, around];
    }
    case 'ServiceRequest': {
      // `supportingInfo` is among the sources: what is added there does not change what was ordered.
      const { status, intent, code, orderDetail, subject, encounter, bodySite, specimen } = resource;
      const reasons = [resource.reasonCode, resource.reasonReference, resource.quantityQuantity];
      return [
        ...[resourceType, standing(status), intent, code, orderDetail, subject, encounter, bodySite, specimen],
        reasons,
      ];
    }
    case 'Media': {
      const { basedOn, partOf, type, modality, view, subject, encounter, bodySite, content: file } = resource;
      const { createdDateTime, createdPeriod, device, extension } = resource;
      return [
        ...[resourceType, taken(resource.status), basedOn, partOf, type, modality, view, subject, encounter, bodySite],
        ...[file && attachmentIdentity(file), createdDateTime, createdPeriod, device, extension],
      ];
    }
    case 'ImagingStudy': {
      const { status, subject, encounter, started, basedOn, endpoint } = resource;
      const series = (resource.series ?? []).map((each) => [
        ...[each.uid, each.modality, each.bodySite, each.specimen, each.endpoint],
        (each.instance ?? []).map(({ uid, sopClass }) => [uid, sopClass]),
      ]);
      return [resourceType, status, subject, encounter, started, basedOn, endpoint, series];
    }
    case 'DiagnosticReport': {
      const { status, code, category, subject, encounter, effectiveDateTime, effectivePeriod, conclusion } = resource;
      const files = (resource.presentedForm ?? []).map(attachmentIdentity);
      const when = [effectiveDateTime, effectivePeriod];
      return [resourceType, status, code, category, subject, encounter, when, conclusion, files];
    }
    case 'Composition': {
      const { status, type, category, subject, encounter, date, title, section } = resource;
      return [resourceType, status, type, category, subject, encounter, date, title, section];
    }
    default: {
      const { meta: _meta, ...rest } = resource;
      return 'text' in rest ? { ...rest, text: undefined } : rest;
    }
  }
}

/** An order that moves from active to completed, or comes back from on-hold, asks for the same work. */
function standing(status: string | undefined): string | undefined {
  return status === 'completed' || status === 'on-hold' ? 'active' : status;
}

/** Whether a picture is there: how far the session is that it was taken in says nothing of it. */
function taken(status: string | undefined): string | undefined {
  return status === 'entered-in-error' || status === 'not-done' || status === 'preparation' ? status : 'completed';
}

/** JSON with the keys of every object in order, so that two servers' spellings of one resource agree. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

const digest = (resource: Resource, extensions: readonly Extension[] = []) =>
  createHash('sha256')
    .update(canonical(extensions.length === 0 ? content(resource) : [content(resource), extensions]))
    .digest('hex');

/**
 * The signature of an order and its sources, a text to be stored. Presigned addresses count without their query.
 * `extensions`: those of the order that say what is ordered; without them the signature stays what it always was, so
 * that no order under way seems changed.
 */
export function signatureOf(
  focus: Resource,
  sources: readonly Source[],
  extensions: readonly Extension[] = [],
): string {
  const digests = sources.map(
    ({ reference, resource, isPart = true }) =>
      [reference, !isPart ? NO_PART : resource === undefined ? '' : digest(resource)] as const,
  );
  return canonical({ order: digest(focus, extensions), sources: Object.fromEntries(digests) });
}

function parse(signature: string): z.infer<typeof signatureSchema> | undefined {
  try {
    return signatureSchema.safeParse(JSON.parse(signature)).data;
  } catch {
    return undefined;
  }
}

export type ContentChange = 'none' | 'added' | 'changed';

/**
 * What happened between two signatures of one order. `added`: the order and all that it was to be done with are as they
 * were, and something came beside it. A source that could not be read before, or cannot now, is no change.
 */
export function compareSignatures(before: string, after: string): ContentChange {
  if (before === after) {
    return 'none';
  }
  const [then, now] = [parse(before), parse(after)];
  if (!then && now && /^[0-9a-f]{64}$/.test(before)) {
    // Of a version that stored one digest for all: nothing can be said, and nothing must be done twice for it.
    return 'none';
  }
  if (!then || !now || then.order !== now.order) {
    return 'changed';
  }
  const same = Object.entries(then.sources).every(([reference, digest]) => {
    const current = now.sources[reference];
    return digest === NO_PART || (current !== undefined && (current === digest || current === '' || digest === ''));
  });
  if (!same) {
    return 'changed';
  }
  return addedSources(before, after).length > 0 ? 'added' : 'none';
}

/** The references that a signature was made over: news of these is news of the order. */
export function sourcesOf(signature: string): string[] {
  return Object.keys(parse(signature)?.sources ?? {}).filter((reference) => !reference.startsWith('#'));
}

/** The references that are part of the order in `after` and were not in `before`. */
export function addedSources(before: string, after: string): string[] {
  const known = parse(before)?.sources ?? {};
  return Object.entries(parse(after)?.sources ?? {}).flatMap(([reference, digest]) => {
    const was = known[reference] ?? NO_PART;
    return digest !== NO_PART && was === NO_PART ? reference : [];
  });
}

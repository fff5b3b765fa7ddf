/** A hash of what counts as an order's content, from the resources alone: tells an update that changes something. Pure. */
import { createHash } from 'node:crypto';
import type { Resource } from '@medplum/fhirtypes';
import { attachmentIdentity } from './attachments.ts';

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
      const { status, intent, code, orderDetail, subject, encounter, bodySite, specimen, supportingInfo } = resource;
      const reasons = [resource.reasonCode, resource.reasonReference, resource.quantityQuantity];
      return [
        ...[resourceType, standing(status), intent, code, orderDetail, subject, encounter, bodySite, specimen],
        ...[supportingInfo, reasons],
      ];
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

/** An order that moves from active to completed asks for the same work. */
function standing(status: string | undefined): string | undefined {
  return status === 'completed' ? 'active' : status;
}

/** JSON with the keys of every object in order, so that two servers' spellings of one resource agree. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}

/** Lower-case hex SHA-256 over the order and its notes. Presigned addresses count without their query. */
export function signatureOf(focus: Resource, notes: readonly Resource[]): string {
  const others = notes.map((note) => canonical(content(note))).sort();
  return createHash('sha256')
    .update(canonical([content(focus), others]))
    .digest('hex');
}

/** Completes a draft that stands for a file: a picture of the report, or a document beside it. Pure. */
import type { Attachment, DocumentReference, Media } from '@medplum/fhirtypes';
import type { Draft, Finding } from '../findings.ts';
import type { Order } from './about.ts';
import type { Devices } from './complete-finding.ts';
import { annotations, derivations, sourceReferences, sources } from './evidence.ts';
import { resultIdentifier } from './identifiers.ts';
import { aiMeta } from './labels.ts';
import { SYSTEMS } from './terminology.ts';

const PICTURE = { coding: [{ system: SYSTEMS.mediaType, code: 'image' }] };

/**
 * A picture that the vendor's work left behind. It shows what was there when its source was taken, so that is when it was
 * `created`; no person operated anything.
 */
export function completeMedia(
  { operator, ...draft }: Omit<Draft<Media>, 'content'>,
  finding: Finding,
  order: Order,
  devices: Devices,
  content: Attachment,
): Media {
  const created = Object.keys(draft).some((name) => name.startsWith('created'));
  return {
    ...draft,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    basedOn: order.basedOn,
    status: 'completed',
    type: draft.type ?? (content.contentType?.startsWith('image/') ? PICTURE : undefined),
    subject: order.subject,
    encounter: order.encounter,
    ...(created ? {} : { createdDateTime: order.findings.report.effective }),
    issued: order.now,
    device: devices.model,
    content,
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
    note: [...(draft.note ?? []), ...annotations(finding.evidence, finding.remarks)],
  };
}

/** A file with a page of its own. `related`: the order, and what it was made of. */
export function completeDocument(
  { authenticator, custodian, relatesTo, ...draft }: Omit<Draft<DocumentReference>, 'content'>,
  finding: Finding,
  order: Order,
  devices: Devices,
  attachment: Attachment,
): DocumentReference {
  const about = [
    ...(draft.context?.related ?? []),
    ...order.related,
    ...sourceReferences(sources(finding.evidence, order.inputs)),
  ];
  return {
    ...draft,
    meta: aiMeta(),
    identifier: [resultIdentifier(order.key, finding.part)],
    status: 'current',
    docStatus: 'preliminary',
    subject: order.subject,
    date: order.now,
    author: [devices.model, devices.organization],
    description: [draft.description ?? finding.label, ...(finding.remarks ?? [])].join('\n'),
    content: [{ attachment }],
    context: {
      ...draft.context,
      encounter: order.encounter && [order.encounter],
      related: [...new Map(about.map((one) => [one.reference, one])).values()],
    },
    extension: [...(draft.extension ?? []), ...derivations(finding.evidence, order.inputs)],
  };
}

/** What a picture becomes where the server takes no Media: a DocumentReference with the same content. Pure. */
import type { Media } from '@medplum/fhirtypes';
import type { Draft, Finding, Findings } from '../findings.ts';

const REMARK = 'This system takes no Media resources: the picture stands as a DocumentReference.';

/** A name of its own: a server that learns to take Media has both for a while. */
const SUFFIX = '/document';

/** The part that a stand-in stands in for; undefined where it is none. */
export function standsInFor(part: string): string | undefined {
  return part.endsWith(SUFFIX) ? part.slice(0, -SUFFIX.length) : undefined;
}

function document(finding: Finding, { type, modality, extension }: Omit<Draft<Media>, 'content'>): Finding {
  return {
    ...finding,
    part: `${finding.part}${SUFFIX}`,
    resource: {
      resourceType: 'DocumentReference',
      status: 'current',
      type: type ?? modality ?? { text: 'Picture' },
      ...(extension && { extension }),
    },
    remarks: [...(finding.remarks ?? []), REMARK],
  };
}

/** The findings as this server can have them: Media as DocumentReferences where it takes only those. */
export function withStandIns(findings: Findings, refused: ReadonlySet<string>): Findings {
  if (!refused.has('Media') || refused.has('DocumentReference')) {
    return findings;
  }
  const items = findings.items.map((finding) =>
    finding.resource.resourceType === 'Media' ? document(finding, finding.resource) : finding,
  );
  return { ...findings, items };
}

/** What the vendor's protocols say of a case, as a report of its own. Pure. */
import { createHash } from 'node:crypto';
import type { Attachment, DiagnosticReport } from '@medplum/fhirtypes';
import type { Draft } from '../../findings.ts';
import { local, OTHER_PEOPLE, PATHOLOGY } from './codes.ts';
import type { BoughtCase } from './state.ts';

const isSaid = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

/** The texts as they came, each under its heading. */
function attached(sections: readonly { heading: string; text: string }[]): Attachment {
  const text = [OTHER_PEOPLE, ...sections.map(({ heading, text: said }) => `${heading}\n${said}`)].join('\n\n');
  const bytes = Buffer.from(`${text}\n`, 'utf8');
  return {
    contentType: 'text/plain; charset=UTF-8',
    data: bytes.toString('base64'),
    size: bytes.length,
    hash: createHash('sha1').update(bytes).digest('base64'),
    title: 'Protocols of the case',
  };
}

/** @param observed there are Observations for it to hold; undefined where it would have nothing to say */
export function caseReport(
  { macro, micro, conclusion }: Pick<BoughtCase, 'macro' | 'micro' | 'conclusion'>,
  observed: boolean,
): Draft<DiagnosticReport> | undefined {
  const sections = [
    { heading: 'Macroscopy', text: macro },
    { heading: 'Microscopy', text: micro },
    { heading: 'Conclusion', text: conclusion },
  ].flatMap(({ heading, text }) => (isSaid(text) ? [{ heading, text }] : []));
  if (sections.length === 0 && !observed) {
    return undefined;
  }
  return {
    resourceType: 'DiagnosticReport',
    status: 'preliminary',
    category: [PATHOLOGY],
    code: local('case', 'Pathology of a research case'),
    ...(isSaid(conclusion) && { conclusion }),
    ...(sections.length > 0 && { presentedForm: [attached(sections)] }),
  };
}

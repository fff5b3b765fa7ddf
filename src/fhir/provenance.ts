/** Who made a resource, when and from what: one Provenance for each resource written. Pure. */
import type { Coding, Provenance, ProvenanceEntity } from '@medplum/fhirtypes';
import type { Evidence } from '../findings.ts';
import type { OrderInput } from '../vendors/contract.ts';
import type { Devices } from './complete-finding.ts';
import { derivations, sources } from './evidence.ts';
import { aiMeta } from './labels.ts';
import { ACTIVITIES, AI_ASSERTED, ARTIFICIAL_INTELLIGENCE, OUR_SYSTEMS, SYSTEMS, TREATMENT } from './terminology.ts';
import type { Publication } from './types.ts';

export interface ProvenanceFacts {
  /** The reference of the resource written, or its fullUrl within the transaction. */
  target: string;
  activity: keyof typeof ACTIVITIES;
  evidence: Evidence[];
  /** `Type/id/_history/version` of what was there before, for a revision or a withdrawal. */
  previous?: string;
}

type Run = Pick<Publication, 'inputs' | 'ranFrom' | 'ranUntil' | 'now'>;

function role(system: string, code: string): Coding {
  return { system, code };
}

/**
 * The source with its words. Offsets count code points of the extracted text, which `display` says and whose SHA-256
 * stands in `what.identifier`: an offset means nothing without the exact text.
 */
function source(input: OrderInput, evidence: Evidence[]): ProvenanceEntity {
  const places = derivations(
    evidence.filter(({ input: name }) => name === input.name),
    [input],
  );
  const display =
    input.kind === 'note'
      ? 'Clinical note; identifier: SHA-256 of its extracted text in UTF-8; offsets: Unicode code points of that text'
      : 'Source; identifier: SHA-256 of its bytes';
  return {
    ...(places.length > 0 ? { extension: places } : {}),
    role: 'source',
    what: {
      reference: input.reference,
      identifier: { system: OUR_SYSTEMS.sha256, value: input.sha256 },
      display,
    },
  };
}

/** The AI's run, or as much of it as makes a legal period (per-1). */
function period(run: Run): { start: string; end?: string } {
  return Date.parse(run.ranUntil) >= Date.parse(run.ranFrom)
    ? { start: run.ranFrom, end: run.ranUntil }
    : { start: run.ranFrom };
}

/** The Provenance of one resource: author the model on behalf of the vendor, assembled and sent by the adapter. */
export function buildProvenance(facts: ProvenanceFacts, run: Run, devices: Devices): Provenance {
  const entity = sources(facts.evidence, run.inputs).map((input) => source(input, facts.evidence));
  if (facts.previous !== undefined) {
    entity.push({ role: 'revision', what: { reference: facts.previous } });
  }
  return {
    resourceType: 'Provenance',
    meta: aiMeta(),
    target: [{ reference: facts.target }],
    occurredPeriod: period(run),
    recorded: run.now,
    reason: [{ coding: [AI_ASSERTED] }, { coding: [TREATMENT] }],
    activity: { coding: [ACTIVITIES[facts.activity]] },
    agent: [
      {
        type: { coding: [role(SYSTEMS.provenanceParticipant, 'author')] },
        role: [{ coding: [ARTIFICIAL_INTELLIGENCE] }],
        who: devices.model,
        onBehalfOf: devices.organization,
      },
      {
        type: {
          coding: [
            role(SYSTEMS.provenanceParticipant, 'assembler'),
            role(SYSTEMS.usCoreProvenanceParticipant, 'transmitter'),
          ],
        },
        who: devices.adapter,
      },
    ],
    ...(entity.length > 0 ? { entity } : {}),
  };
}

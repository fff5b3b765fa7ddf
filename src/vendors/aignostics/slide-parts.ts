/** What became of each slide: rows of the order, so that a run of many slides is not rewritten with every step. */
import type { Parts } from '../contract.ts';
import type { Item, OutputArtifact } from './answers.ts';
import { TERMINATED } from './progress.ts';
import { type Artifact, type Outcome, type SlidePart, type State, slidePart } from './state.ts';
import { plainWords } from './words.ts';

export const partName = ({ slides }: Pick<State, 'slides'>, input: string): string =>
  `slide/${String(slides.findIndex((slide) => slide.input === input) + 1).padStart(4, '0')}`;

export async function readSlides(parts: Parts): Promise<SlidePart[]> {
  return (await parts.list<unknown>()).map(({ data }) => slidePart.parse(data));
}

export async function putSlides(parts: Parts, state: Pick<State, 'slides'>, slides: SlidePart[]): Promise<void> {
  await parts.put(slides.map((data) => ({ name: partName(state, data.input), data })));
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  SUCCEEDED: 'succeeded',
  USER_ERROR: 'user-error',
  SYSTEM_ERROR: 'system-error',
  SKIPPED: 'skipped',
};

const CHECKSUM = /^[A-Za-z0-9+/]{6}==$/;
const MEDIA_TYPE = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/;
const NAME = /^[\w .:()-]{1,120}$/;
/** A version has some ten files for each slide. */
const MOST_ARTIFACTS = 100;
const MOST_COLOURS = 60;

function artifactOf({ output_artifact_id: id, name, output, metadata }: OutputArtifact): Artifact {
  const type = [metadata?.media_type, metadata?.['media-type'], metadata?.mime_type].find((one) => one !== undefined);
  const crc32c = [metadata?.checksum_base64_crc32c, metadata?.checksum_crc32c].find((one) => CHECKSUM.test(one ?? ''));
  const usable = output === 'AVAILABLE' && metadata !== undefined;
  return {
    id,
    name: NAME.test(name) ? name : 'file',
    contentType: type !== undefined && MEDIA_TYPE.test(type) ? type.toLowerCase() : 'application/octet-stream',
    ...(crc32c !== undefined && { crc32c }),
    legend: Object.entries(metadata?.class_colors ?? {})
      .slice(0, MOST_COLOURS)
      .map(([label, color]) => ({ label: plainWords(label) ?? 'unnamed', color })),
    ...(!usable && { lost: 'it is not at the platform any more' }),
    tries: 0,
  };
}

/** What an item's end means. Only one that succeeded and has output counts as analysed. */
function outcomeOf({ state, termination_reason: reason = '', output }: Item): Outcome {
  const outcome = state === TERMINATED ? OUTCOMES[reason] : undefined;
  return outcome === 'succeeded' && output !== 'FULL' ? 'unknown' : (outcome ?? 'unknown');
}

export function slidePartOf(item: Item, input: string, attempt: number): SlidePart {
  const outcome = outcomeOf(item);
  const why = plainWords(item.error_message);
  const artifacts = outcome === 'succeeded' ? item.output_artifacts.slice(0, MOST_ARTIFACTS).map(artifactOf) : [];
  return {
    input,
    attempt,
    outcome,
    ...(why !== undefined && { why }),
    artifacts,
    previews: [],
    unpreviewed: [],
    done: artifacts.length === 0,
  };
}

/** Of an item that the platform never told the end of. */
export function lostPart(input: string, attempt: number): SlidePart {
  return { input, attempt, outcome: 'unknown', artifacts: [], previews: [], unpreviewed: [], done: true };
}

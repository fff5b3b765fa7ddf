/** Brings home what the platform found on the slides that have ended: a file a step, then what we make of it. */
import { AdapterError } from '../../errors.ts';
import type { Step } from '../contract.ts';
import { fileName, isMap, isReadouts, titleOf } from './artifact-names.ts';
import type { Ctx } from './documents.ts';
import { openFile } from './download.ts';
import { LIMITS, WAITS } from './facts.ts';
import { preview } from './preview.ts';
import { readReadouts } from './readouts.ts';
import { isResearchOnly } from './research-only.ts';
import { resultOf } from './result-of.ts';
import { putSlides, readSlides } from './slide-parts.ts';
import type { Artifact, Result, SlidePart, State } from './state.ts';

const FULL = "The site's storage is full; the results are fetched by themselves when there is room again.";

const numberOf = ({ slides }: State, { input }: SlidePart): number =>
  slides.findIndex((slide) => slide.input === input) + 1;

function withArtifact(part: SlidePart, changed: Artifact): SlidePart {
  return { ...part, artifacts: part.artifacts.map((one) => (one.id === changed.id ? changed : one)) };
}

/** Once more, for a file that came damaged or not at all; in the end it is given up. */
function inVain(artifact: Artifact, why: string): Artifact {
  const tries = artifact.tries + 1;
  return { ...artifact, tries, ...(tries >= LIMITS.downloads && { lost: why }) };
}

/** Two artifacts of a slide may come by one name: the second then has its number in it. */
function nameFor(number: number, part: SlidePart, artifact: Artifact): string {
  const twin = part.artifacts.findIndex((one) => fileName(number, one) === fileName(number, artifact));
  const index = part.artifacts.indexOf(artifact);
  return twin === index
    ? fileName(number, artifact)
    : fileName(number, { ...artifact, name: `${artifact.name}_${index + 1}` });
}

/** The file in the order's files, with what its checksum proves; or why not. */
async function fetchFile(state: State, part: SlidePart, artifact: Artifact, context: Ctx): Promise<Artifact> {
  const opened = await openFile(state.run ?? '', artifact.id, context);
  if ('gone' in opened) {
    return { ...artifact, lost: 'it has been deleted at the platform' };
  }
  if ('refused' in opened) {
    return inVain(artifact, 'its address was refused again and again');
  }
  const number = numberOf(state, part);
  const name = nameFor(number, part, artifact);
  const file = { name, contentType: artifact.contentType, title: titleOf(number, artifact.name) };
  try {
    await context.files.keep(
      file,
      opened.body,
      artifact.crc32c === undefined ? undefined : { crc32c: artifact.crc32c },
    );
    return { ...artifact, file: name };
  } catch (thrown) {
    if (thrown instanceof AdapterError && thrown.code === 'vendor-protocol') {
      return inVain(artifact, 'it arrived damaged again and again');
    }
    throw thrown;
  }
}

type Task = (state: State, part: SlidePart, context: Ctx) => Promise<SlidePart>;

/** The next thing to be done for a slide; undefined: all of it is here. */
function taskFor(part: SlidePart, { order }: Ctx): Task | undefined {
  const missing = part.artifacts.find(({ file, lost }) => file === undefined && lost === undefined);
  if (missing) {
    return async (state, one, context) => withArtifact(one, await fetchFile(state, one, missing, context));
  }
  const table = part.artifacts.find(isReadouts)?.file;
  if (table !== undefined && part.readouts === undefined && part.unreadable === undefined) {
    return async (_state, one, { files }) => ({ ...one, ...(await readReadouts(await files.read(table))) });
  }
  const map = part.artifacts.find(
    (one) =>
      isMap(one) &&
      one.file !== undefined &&
      !part.unpreviewed.includes(one.name) &&
      !part.previews.some(({ artifact }) => artifact === one.name),
  );
  const file = map?.file;
  if (!map || file === undefined || !order.options.heatMaps) {
    return undefined;
  }
  return (state, one, context) => {
    const research = !state.application || isResearchOnly(state.application);
    return preview(one, { ...map, file }, { number: numberOf(state, one), research }, context);
  };
}

/** A slide's part after one thing more was done for it. */
async function goOn(state: State, part: SlidePart, context: Ctx): Promise<SlidePart> {
  const after = (await taskFor(part, context)?.(state, part, context)) ?? part;
  return { ...after, done: taskFor(after, context) === undefined };
}

const isWaiting = (before: SlidePart, after: SlidePart): boolean => tries(after) > tries(before);
const tries = ({ artifacts }: SlidePart): number => artifacts.reduce((sum, one) => sum + one.tries, 0);

/** All that has ended is here: it is told, unless the last word follows at once. */
function told(state: State, parts: SlidePart[]): Step<State, Result> {
  const again = parts.some(({ outcome, attempt }) => outcome === 'system-error' && attempt === state.attempt);
  const next: State = { ...state, phase: state.terminated ? 'ended' : 'run' };
  const fresh = parts.some(({ outcome, attempt }) => outcome === 'succeeded' && attempt === state.attempt);
  return fresh && (!state.terminated || again)
    ? { publish: resultOf(state, parts, false), next, after: state.terminated ? 0 : WAITS.settle }
    : { next };
}

export async function collect(state: State, context: Ctx): Promise<Step<State, Result>> {
  const parts = await readSlides(context.parts);
  const open = parts.find(({ done }) => !done);
  if (!open) {
    return told(state, parts);
  }
  try {
    const after = await goOn(state, open, context);
    await putSlides(context.parts, state, [after]);
    if (parts.every((part) => part === open || part.done) && after.done) {
      return told(state, [...parts.filter((part) => part !== open), after]);
    }
    const settled = after.artifacts.filter(({ file, lost }) => file !== undefined || lost !== undefined).length;
    const status = `fetching results: slide ${numberOf(state, open)}, file ${settled} of ${after.artifacts.length}`;
    return { next: state, ...(isWaiting(open, after) && { after: WAITS.settle }), status };
  } catch (thrown) {
    if (!(thrown instanceof AdapterError) || thrown.code !== 'storage-full') {
      throw thrown;
    }
    const until = new Date(context.now().getTime() + WAITS.full * 1000);
    return { hold: { code: 'storage-full', text: FULL }, until };
  }
}

/** Copies the bought slides into the site's storage, part by part, as long as the vendor keeps them. */
import { AdapterError } from '../../errors.ts';
import type { Step } from '../contract.ts';
import { readFileUrl, refreshExport, withFreshLinks } from './api-export.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { openAddress } from './download.ts';
import { LIMITS, WAITS } from './facts.ts';
import { putFile, readFiles } from './parts.ts';
import type { Result, SlideFile, State } from './state.ts';
import { many } from './words.ts';

type Next = Step<State, Result>;

const OVER = 'the two weeks for which HistAI keeps slides are over';

/** What the order calls it: by its place in the list, since the vendor's ids may hold anything, and come twice. */
const nameOf = (number: number): string => `slide-${String(number + 1).padStart(4, '0')}`;
const titleOf = ({ fileName, fileId, stain }: SlideFile): string =>
  [fileName ?? `File ${fileId}`, ...(stain === undefined ? [] : [stain])].join(', ');

/** Once more, for a file that came damaged or not at all; in the end it is given up. */
function inVain(file: SlideFile, why: string): SlideFile {
  const tries = file.tries + 1;
  return { ...file, tries, ...(tries >= LIMITS.downloads && { lost: why }) };
}

class Expired extends Error {}

/** The next part of a file; `undefined`: there are more parts. */
async function copyOn(file: SlideFile, number: number, state: State, context: Ctx): Promise<SlideFile | undefined> {
  const caller = callerOf(context);
  const { id } = cohortOf(state);
  const about = { name: nameOf(number), contentType: 'application/octet-stream', title: titleOf(file) };
  const answer = await withFreshLinks(caller, id, () => readFileUrl(caller, id, file.fileId));
  if ('refused' in answer) {
    return answer.refused === 'EXPORT_WINDOW_EXPIRED'
      ? { ...file, lost: OVER }
      : inVain(file, 'HistAI does not give it');
  }
  const open = async (start: number) => {
    const body = await openAddress(answer.url, start, context);
    if (!body) {
      throw new Expired();
    }
    return body;
  };
  try {
    if (file.size === undefined) {
      await context.files.keep(about, await open(0));
      return { ...file, file: about.name };
    }
    const kept = await context.files.keepOn({ ...about, size: file.size }, open);
    return kept.done ? { ...file, file: about.name } : undefined;
  } catch (thrown) {
    if (thrown instanceof Expired) {
      await refreshExport(caller, id);
      return inVain(file, 'its address was refused again and again');
    }
    if (thrown instanceof AdapterError && thrown.code === 'vendor-protocol' && thrown.kind === 'transient') {
      return inVain(file, 'it arrived damaged or of another size again and again');
    }
    throw thrown;
  }
}

export async function copy(state: State, context: Ctx): Promise<Next> {
  const files = await readFiles(context.parts);
  const number = files.findIndex(({ file, lost }) => file === undefined && lost === undefined);
  const open = files[number];
  if (!open) {
    return { next: { ...state, phase: 'finish', copied: true } };
  }
  const after = await copyOn(open, number, state, context);
  const status = `copying slides: ${number + 1} of ${many(files.length, 'slide')}`;
  if (!after) {
    // A part came: what was in vain before it counts no more.
    await (open.tries > 0 && putFile(context.parts, number, { ...open, tries: 0 }));
    return { next: state, status };
  }
  await putFile(context.parts, number, after);
  return { next: state, ...(after.tries > open.tries && { after: WAITS.first }), status };
}

/**
 * Copies the masks before their addresses expire: each step reads the results anew for fresh ones and fetches a few. A mask
 * is kept as a drawing (SVG, made harmless) and as PNG. Pictures of the face itself are not copied: the EHR has the photo.
 */
import { AdapterError } from '../../errors.ts';
import { sanitiseSvg, svgToPng } from '../../pictures/svg.ts';
import type { Context, Step } from '../contract.ts';
import { isStorage } from '../storage-host.ts';
import { blockOf, maskAddresses } from './answers.ts';
import { hautaiApi } from './api.ts';
import { LIMITS } from './facts.ts';
import { maskFile, maskTitle } from './mask-names.ts';
import type { Options, Settings } from './settings.ts';
import type { Mask, Result, State } from './state.ts';
import { fetchMask } from './storage.ts';

type Ctx = Context<Settings, Options>;
type Addressed = Mask & { url: string; file: string };

const QUERY = { expiration_seconds: '3600', with_masks: 'true', svg_masks: 'true' };

/** Of each parameter and side the best variant, or all of them. */
function wanted(masks: (Mask & { url: string })[], choice: Options['masks']): Addressed[] {
  const every = choice === 'all';
  const named = masks.map((mask) => ({ ...mask, file: maskFile(mask, every) }));
  return every ? named : [...new Map(named.toReversed().map((mask) => [mask.file, mask])).values()].toReversed();
}

/** True where it was copied. What the vendor sends instead of a drawing is not a reason to fail the order. */
async function copy(mask: Addressed, context: Ctx): Promise<boolean> {
  const { settings, http, signal } = context;
  if (!isStorage(mask.url, settings)) {
    return false;
  }
  const { timeout } = settings;
  const text = await fetchMask(http, mask.url, { signal, ...(timeout === undefined ? {} : { timeout }) });
  if (text === undefined) {
    return false;
  }
  try {
    const svg = sanitiseSvg(text);
    const png = await svgToPng(svg, { longest: LIMITS.maskPixels });
    const title = maskTitle(mask);
    const bytes = new TextEncoder().encode(svg);
    await context.files.put({ name: `${mask.file}.svg`, contentType: 'image/svg+xml', title, bytes });
    await context.files.put({ name: `${mask.file}.png`, contentType: 'image/png', title, bytes: png });
    return true;
  } catch (thrown) {
    if (thrown instanceof AdapterError && thrown.kind === 'permanent') {
      return false;
    }
    throw thrown;
  }
}

export async function masks(state: State, context: Ctx): Promise<Step<State, Result>> {
  const { settings, order } = context;
  const history: State = { ...state, phase: 'history' };
  if (order.options.masks === 'none') {
    return { next: history };
  }
  const api = hautaiApi(context.http, settings, () => context.now(), context.signal);
  const results = await api.results(state.batch ?? '', QUERY);
  const block = results === undefined ? undefined : blockOf(results, settings.application);
  const usable = state.photos.map(({ side }) => side);
  const all = block ? wanted(maskAddresses(block, usable), order.options.masks) : [];
  const had = state.masks ?? [];
  const open = all.filter(({ file }) => !state.lost.includes(file) && !had.some((mask) => mask.file === file));
  if (open.length === 0) {
    return { next: history };
  }
  const now = open.slice(0, LIMITS.masksAtOnce);
  const copied = await Promise.all(now.map((mask) => copy(mask, context)));
  const failed = now.filter((_mask, index) => !copied[index]).map(({ file }) => file);
  const kept = now.filter((_mask, index) => copied[index]).map(({ url: _, ...mask }) => mask);
  const next: State = {
    ...state,
    // Nothing failed and nothing is left: no need to read the results once more.
    phase: failed.length === 0 && open.length === now.length ? 'history' : 'masks',
    masks: [...had, ...kept].sort((a, b) => (a.file < b.file ? -1 : 1)),
    // An address may have expired between reading and fetching it: the second failure is believed.
    lost: [...state.lost, ...failed.filter((file) => state.retry.includes(file))],
    retry: [...new Set([...state.retry, ...failed])],
  };
  return { next, status: `${next.masks?.length ?? 0} of ${all.length} masks copied` };
}

/** Brings home what tells of the cohort: the list of its files, and the records of its cases. One thing a step. */
import { AdapterError } from '../../errors.ts';
import type { Step } from '../contract.ts';
import type { ExportFile, Page } from './answers.ts';
import { listFiles, readManifest, withFreshLinks } from './api-export.ts';
import { readAll } from './api-pages.ts';
import { nextWait } from './build.ts';
import { OTHER_PEOPLE } from './codes.ts';
import { type Ctx, callerOf, cohortOf } from './ctx.ts';
import { openAddress } from './download.ts';
import { LICENCE_URL, LIMITS } from './facts.ts';
import { putFiles, readFiles, readPages } from './parts.ts';
import type { Result, SlideFile, State } from './state.ts';

type Next = Step<State, Result>;

export const METADATA = 'metadata.json';
export const MANIFEST = 'manifest.json';
const JSON_TYPE = 'application/json';

/** Once more after a pause; false: it was tried often enough. */
function again(state: State): Next | undefined {
  const wait = nextWait(state.wait);
  return state.tries < LIMITS.looks ? { next: { ...state, wait, tries: state.tries + 1 }, after: wait } : undefined;
}

const on = (state: State, missing?: string): State => ({
  ...state,
  wait: 0,
  tries: 0,
  missing: missing === undefined ? state.missing : [...state.missing, missing],
});

/** What is to be had, by file: with the stain that the search showed for each slide. */
async function slidesOf(state: State, context: Ctx): Promise<SlideFile[] | 'gone' | 'later'> {
  const { id } = cohortOf(state);
  const answer = await withFreshLinks(callerOf(context), id, () => listFiles(callerOf(context), id));
  if ('refused' in answer) {
    return answer.refused === 'EXPORT_WINDOW_EXPIRED' ? 'gone' : 'later';
  }
  const stains = new Map(
    (await readPages(context.parts)).flatMap(({ slides }) =>
      slides.map(({ slideId, stainName }) => [slideId, stainName] as const),
    ),
  );
  const files = await withFurtherPages(answer, id, context);
  return files.map(({ fileId, caseId, slideId, fileName, sizeBytes: size }) => {
    const stain = slideId === undefined ? undefined : stains.get(slideId);
    return {
      fileId,
      ...(caseId !== undefined && { caseId }),
      ...(slideId !== undefined && { slideId }),
      ...(stain !== undefined && { stain }),
      ...(fileName !== undefined && { fileName }),
      ...(size !== undefined && { size }),
      tries: 0,
    };
  });
}

/** The rest of the list, where it says that there is more. */
async function withFurtherPages(first: Page<ExportFile>, id: string, context: Ctx): Promise<ExportFile[]> {
  if ((first.total ?? 0) <= first.rows) {
    return first.items;
  }
  const read = async (page: number): Promise<Page<ExportFile>> => {
    const answer = page === 0 ? first : await listFiles(callerOf(context), id, page);
    if ('refused' in answer) {
      throw new AdapterError('vendor-busy', 'HistAI gives only a part of the list of files', { kind: 'transient' });
    }
    return answer;
  };
  return (await readAll(read, ({ fileId }) => fileId)).items;
}

/** The vendor's own manifest is a list of links that expire, and are secrets: ours has the files without them. */
async function list(state: State, context: Ctx): Promise<Next> {
  const slides = await slidesOf(state, context);
  if (slides === 'later') {
    return (
      again(state) ?? { next: { ...on(state, 'the list of the files, which HistAI does not give'), manifest: '' } }
    );
  }
  if (slides === 'gone') {
    return { next: { ...on(state, 'the slides, which HistAI keeps for two weeks only'), manifest: '', copied: true } };
  }
  const { id, name } = cohortOf(state);
  const manifest = {
    about: OTHER_PEOPLE,
    cohort: { id, name },
    licence: LICENCE_URL,
    paid: state.purchase?.at,
    downloadUntil: state.purchase?.until,
    files: slides.map(({ tries: _, ...file }) => file),
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`);
  await context.files.put({ name: MANIFEST, contentType: JSON_TYPE, title: 'Files of the cohort', bytes });
  await putFiles(context.parts, slides);
  return { next: { ...on(state), manifest: MANIFEST }, status: 'list of files fetched' };
}

async function metadata(state: State, context: Ctx): Promise<Next> {
  const { id } = cohortOf(state);
  const without = (): Next => ({
    next: { ...on(state, "the records of the cohort's cases, which HistAI does not give"), metadata: '' },
  });
  const answer = await withFreshLinks(callerOf(context), id, () => readManifest(callerOf(context), id));
  if ('refused' in answer) {
    return again(state) ?? without();
  }
  const body = answer.metadataUrl === undefined ? undefined : await openAddress(answer.metadataUrl, 0, context);
  if (!body) {
    return again(state) ?? without();
  }
  await context.files.keep({ name: METADATA, contentType: JSON_TYPE, title: 'Records of the cases' }, body);
  return { next: { ...on(state), metadata: METADATA }, status: 'records of the cases fetched' };
}

/** Bytes of the records that are read; they are kept, whatever their size. */
const MOST = 64 * 1024 * 1024;

/** The records as they were kept; undefined where they are not JSON, or too many. */
export async function readMetadata({ files }: Pick<Ctx, 'files'>): Promise<unknown> {
  const body = await files.read(METADATA);
  let size = 0;
  const pieces: Uint8Array[] = [];
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > MOST) {
      return undefined;
    }
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    return undefined;
  }
}

export async function fetchAll(state: State, context: Ctx): Promise<Next> {
  if (state.manifest === undefined) {
    return list(state, context);
  }
  if (state.metadata === undefined) {
    return metadata(state, context);
  }
  const files = await readFiles(context.parts);
  const copies = context.settings.download && files.length > 0;
  return { next: { ...state, phase: copies ? 'copy' : 'finish', wait: 0, tries: 0 } };
}

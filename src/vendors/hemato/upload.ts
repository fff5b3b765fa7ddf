/** Sends the pictures, one a step. A file that comes twice counts once at the vendor, so that any of it may be repeated. */
import { AdapterError } from '../../errors.ts';
import type { OrderInput, Step } from '../contract.ts';
import { accessOf, type Ctx } from './access.ts';
import { uploadFile } from './api.ts';
import { picturesOf } from './begin.ts';
import { diameterOf } from './diameter.ts';
import { LIMITS } from './facts.ts';
import { readUploads, uploadName } from './parts.ts';
import type { Result, State, UploadPart } from './state.ts';

/** Nothing is billed before the tasks: a study that the vendor lost or locked is simply begun anew. */
const GONE: readonly (number | undefined)[] = [404, 409];

/** By its place in the order, which says nothing of the patient. */
const fileName = (index: number): string => `picture-${String(index + 1).padStart(4, '0')}`;

/** The order with a new study, from the start; undefined where that has been tried. */
export function anew({ study: _study, ...rest }: State): State | undefined {
  return rest.studies < LIMITS.studies ? { ...rest, studies: rest.studies + 1, phase: 'create' } : undefined;
}

const isGone = (thrown: unknown): boolean =>
  thrown instanceof AdapterError && thrown.code === 'vendor-rejected' && GONE.includes(thrown.status);

async function send(state: State, context: Ctx, input: OrderInput, index: number): Promise<UploadPart> {
  const study = state.study ?? '';
  const own = diameterOf(input);
  let size = 0;
  const fileIds = await uploadFile(accessOf(context), study, {
    input: input.name,
    name: fileName(index),
    diameter: typeof own === 'number' ? own : state.diameter,
    open: async () => {
      const picture = await context.picture(input.name);
      size = picture.size;
      return picture;
    },
  });
  return { sha256: input.sha256, size, fileIds, study };
}

/** The same id for two files of different size: the vendor has lost one of them. */
export function lostOne(uploads: readonly UploadPart[]): boolean {
  const sizes = new Map<string, number>();
  return uploads.some(({ fileIds, size }) =>
    fileIds.some((id) => {
      const other = sizes.get(id) ?? size;
      sizes.set(id, other);
      return other !== size;
    }),
  );
}

export async function upload(state: State, context: Ctx): Promise<Step<State, Result>> {
  const inputs = picturesOf(context.order.inputs);
  const uploads = await readUploads(context.parts, state.study ?? '');
  const sent = new Set([...uploads.values()].map(({ sha256 }) => sha256));
  const index = inputs.findIndex(({ sha256 }) => !sent.has(sha256));
  const input = inputs[index];
  if (input) {
    try {
      await context.parts.put([{ name: uploadName(input.name), data: await send(state, context, input, index) }]);
    } catch (thrown) {
      const again = isGone(thrown) ? anew(state) : undefined;
      if (again) {
        return { next: again };
      }
      throw thrown;
    }
    return { next: state, status: `${uploads.size + 1} of ${inputs.length} files sent` };
  }
  if (lostOne([...uploads.values()])) {
    const text = 'Hemato.AI did not keep every picture of the order; nothing was analysed.';
    return { fail: { code: 'vendor-error', text } };
  }
  return { next: { ...state, phase: 'tasks' } };
}

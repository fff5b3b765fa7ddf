/** Opens a batch: the vendor gives an address for each photo. Bills nothing; a batch that nobody fills is harmless. */
import { AdapterError } from '../../errors.ts';
import type { Context, Effect } from '../contract.ts';
import { isStorage } from '../storage-host.ts';
import type { Slot } from './answers.ts';
import { hautaiApi, type NewBatch } from './api.ts';
import { creationTime } from './begin.ts';
import type { Side } from './facts.ts';
import { processMemory, rememberBatch } from './process-memory.ts';
import type { Options, Settings } from './settings.ts';
import type { State } from './state.ts';

/** The labels say which side it is and nothing else. */
export function batchRequest(state: Pick<State, 'photos'>, order: Context['order']): NewBatch {
  const type = (input: string) => order.inputs.find(({ name }) => name === input)?.contentType;
  const labels = state.photos.map(({ side, input }) => [
    side,
    `${side}.${type(input) === 'image/png' ? 'png' : 'jpg'}`,
  ]);
  const taken = creationTime(state.photos);
  return { ...Object.fromEntries(labels), ...(taken === undefined ? {} : { creation_time: taken }), meta: {} };
}

export const openBatch: Effect<State, Context<Settings, Options>> = {
  bills: 0,
  /** Answers `{ batch }`, or `{ gone: true }` where the vendor has deleted the subject. The addresses stay in this process. */
  send: async (state, context) => {
    const { settings, http, order, signal } = context;
    const request = batchRequest(state, order);
    await context.disclose(Object.keys(request));
    const opened = await hautaiApi(http, settings, () => context.now(), signal).openBatch(state.subject ?? '', request);
    if (!opened) {
      return { gone: true };
    }
    const slots = new Map<Side, Slot>();
    for (const { side } of state.photos) {
      const slot = opened[side];
      if (!slot || !isStorage(slot.url, settings) || (slot.method ?? 'PUT').toUpperCase() !== 'PUT') {
        throw new AdapterError(
          'vendor-protocol',
          slot
            ? "Haut.AI wants a photo sent to a host that is not among the site's storageHosts, or not by PUT"
            : 'Haut.AI gave no address for a photo',
          {
            remedy: 'hold',
            orderer: 'The photos could not be handed over; the order waits for the operator of the adapter.',
          },
        );
      }
      slots.set(side, slot);
    }
    rememberBatch(processMemory(http), opened.image_batch_id, slots, context.now());
    return { batch: opened.image_batch_id };
  },
  onUnknown: 'repeat-once',
};

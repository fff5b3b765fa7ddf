/** The one call that bills: a chunk is submitted. The vendor has no idempotency key and cannot be asked what it took. */
import { AdapterError } from '../../errors.ts';
import type { Context, Effect } from '../contract.ts';
import { healthSageApi, type Submission } from './api.ts';
import { chunkName, readEffectKey, sha256 } from './chunk-text.ts';
import { readChunks } from './chunks.ts';
import { pointText } from './code-points.ts';
import type { Options, Settings } from './settings.ts';
import type { State } from './state.ts';

const BIRTH_DATE = /^\d{4}-\d{2}-\d{2}$/;

export const generate: Effect<State, Context<Settings, Options>> = {
  bills: 1,
  /** `key` is `chunk/0003/1`. Answers `{ task }`. */
  send: async (state, context, key) => {
    const wanted = readEffectKey(key)?.name ?? chunkName(0);
    const chunk = (await readChunks(context.parts)).find(({ name }) => name === wanted)?.data;
    const note = state.notes.find(({ input }) => input === chunk?.input);
    if (!chunk || !note) {
      throw new AdapterError('unexpected', 'The chunk to submit is not stored');
    }
    const text = pointText(await context.text(chunk.input)).slice(chunk.base, chunk.base + chunk.length);
    if (sha256(text) !== chunk.sha256) {
      throw new AdapterError('input-unavailable', 'The text of the note is not the one that was split', {
        orderer: 'The text of the note changed while it was being coded.',
      });
    }
    const birthDate = context.order.options.sendDateOfBirth ? context.order.patient?.birthDate : undefined;
    const submission: Submission = {
      note: text,
      specialty: state.specialty,
      letter_date: note.letterDate,
      ...(birthDate && BIRTH_DATE.test(birthDate) ? { patient_dob: birthDate } : {}),
    };
    await context.disclose(Object.keys(submission), chunk.input);
    const task = await healthSageApi(context.http, context.settings, context.signal).generate(submission);
    return { task };
  },
  onUnknown: 'repeat-once',
};

/** `POST /pbs/{id}/files`: the checks before the bytes are read, and those after. */
import type { Request } from 'express';
import { badRequest, INTERNAL, type Refusal, TOO_LARGE, UNKNOWN_TYPE } from './envelope.ts';
import type { HematoFault } from './faults.ts';
import { typeOf } from './file-type.ts';
import type { Habits } from './profiles.ts';
import { receive } from './receive.ts';
import { readDiameter } from './requests.ts';
import { addFile, type StoredFile, type Study } from './studies.ts';

export interface UploadRules {
  habits: Habits;
  take(name: HematoFault): boolean;
  largestFile: number;
  mostFiles: number;
}

/** `gone`: the connection has broken, and nobody is there to be answered. */
export type TakenUpload = { file: StoredFile } | { refusal: Refusal } | { gone: true };

/** Takes the body of an upload into its study, unless it is refused. Metadata counts only with a file's first upload. */
export async function takeUpload(request: Request, study: Study, rules: UploadRules): Promise<TakenUpload> {
  const { habits, take, largestFile, mostFiles } = rules;
  const query = (name: string) => {
    const value = request.query[name];
    return typeof value === 'string' ? value : undefined;
  };
  const said = {
    header: request.get('content-type'),
    file_name: query('file_name'),
    content_type: query('content_type'),
  };
  const type = typeOf(said, habits.typeFrom);
  const cell = readDiameter(query('rbc_diameter'));
  if (type === undefined || take('no-type-400')) {
    return { refusal: UNKNOWN_TYPE };
  }
  if (habits.needsDiameter && cell === undefined) {
    return {
      refusal: badRequest('rbc_diameter is missing or no number of pixels', 'The red cell diameter is missing.'),
    };
  }
  if (isLocked(study)) {
    return { refusal: locked(habits) };
  }
  if (Number(request.get('content-length') ?? 0) > largestFile) {
    return { refusal: TOO_LARGE };
  }
  try {
    const received = await receive(take('upload-cut') ? breaking(request) : request, type, largestFile);
    if ('refusal' in received) {
      return received;
    }
    // Tasks may have been asked for while the bytes came in.
    if (isLocked(study)) {
      return { refusal: locked(habits) };
    }
    if (take('upload-500')) {
      return { refusal: INTERNAL };
    }
    if (study.files.size >= mostFiles && !study.files.has(received.sha256)) {
      return { refusal: badRequest('too many files in this study', 'There are too many images.') };
    }
    return { file: addFile(study, received, cell, habits.fileId) };
  } catch (error) {
    if (request.socket.destroyed) {
      return { gone: true };
    }
    throw error;
  }
}

const isLocked = ({ requested }: Study) => requested !== undefined;

const locked = ({ statuses }: Habits): Refusal => ({
  status: statuses.locked,
  error: 'study is locked: its tasks have been requested',
  user_message: 'No more images can be added to this study.',
});

/** The body until its connection breaks, after its first bytes. */
async function* breaking(request: Request): AsyncGenerator<Buffer> {
  for await (const chunk of request) {
    yield chunk;
    request.socket.destroy();
  }
  throw new Error('The connection broke');
}

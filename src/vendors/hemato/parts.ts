/** The order's uploads and tasks as stored parts. */
import type { Part, Parts } from '../contract.ts';
import { type TaskPart, taskPart, type UploadPart, uploadPart } from './state.ts';

export const uploadName = (input: string): string => `upload/${input}`;
export const taskName = (index: number): string => `task/${String(index).padStart(2, '0')}`;

/** What the vendor has of the study, by the name of the input. */
export async function readUploads(parts: Parts, study: string): Promise<Map<string, UploadPart>> {
  const rows = await parts.list<unknown>();
  return new Map(
    rows
      .filter(({ name }) => name.startsWith('upload/'))
      .map(({ name, data }): [string, UploadPart] => [name.slice('upload/'.length), uploadPart.parse(data)])
      .filter(([, upload]) => upload.study === study),
  );
}

/** The tasks in the order in which they were asked for. */
export async function readTasks(parts: Parts): Promise<Part<TaskPart>[]> {
  const rows = await parts.list<unknown>();
  return rows
    .filter(({ name }) => name.startsWith('task/'))
    .map(({ name, data }) => ({ name, data: taskPart.parse(data) }));
}

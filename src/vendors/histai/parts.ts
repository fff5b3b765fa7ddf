/** What an order keeps as parts: what was chosen, the cases that fit, the files of the export. Names sort as they came. */
import { z } from 'zod';
import { AdapterError } from '../../errors.ts';
import type { Part, Parts } from '../contract.ts';
import { type CaseAnswer, caseRecord } from './answers.ts';
import type { CaseSlides, Chosen } from './criteria-types.ts';
import { type SlideFile, slideFile } from './state.ts';

const CHOSEN = 'chosen';
const CHOICE = 'choice';
const numbered = (kind: string, number: number): string => `${kind}/${String(number).padStart(6, '0')}`;

const cases = z.array(caseRecord);
const choice = z.array(z.object({ caseId: z.string(), slideIds: z.array(z.string()) }));

async function read(parts: Parts, name: string): Promise<unknown> {
  const part = (await parts.list()).find((one) => one.name === name);
  if (!part) {
    throw new AdapterError('unexpected', `The order has no part ${name}`, { kind: 'permanent', remedy: 'hold' });
  }
  return part.data;
}

async function readEach(parts: Parts, kind: string): Promise<Part[]> {
  return (await parts.list()).filter(({ name }) => name.startsWith(`${kind}/`));
}

export const putChosen = (parts: Parts, chosen: Chosen): Promise<void> => parts.put([{ name: CHOSEN, data: chosen }]);

/** What was chosen of the Datahub's values: our own writing, read back. */
export const readChosen = async (parts: Parts): Promise<Chosen> => (await read(parts, CHOSEN)) as Chosen;

export const putPage = (parts: Parts, page: number, fitting: readonly CaseAnswer[]): Promise<void> =>
  parts.put([{ name: numbered('page', page), data: fitting }]);

/** The fitting cases of all pages, as they came. */
export const readPages = async (parts: Parts): Promise<CaseAnswer[]> =>
  (await readEach(parts, 'page')).flatMap(({ data }) => cases.parse(data));

/** The slides to be bought, by case. */
export const putChoice = (parts: Parts, chosen: readonly CaseSlides[]): Promise<void> =>
  parts.put([{ name: CHOICE, data: chosen }]);

export const readChoice = async (parts: Parts): Promise<CaseSlides[]> => choice.parse(await read(parts, CHOICE));

export const putFile = (parts: Parts, number: number, file: SlideFile): Promise<void> =>
  parts.put([{ name: numbered('file', number), data: file }]);

export const putFiles = (parts: Parts, files: readonly SlideFile[]): Promise<void> =>
  parts.put(files.map((data, index) => ({ name: numbered('file', index), data })));

export const readFiles = async (parts: Parts): Promise<SlideFile[]> =>
  (await readEach(parts, 'file')).map(({ data }) => slideFile.parse(data));

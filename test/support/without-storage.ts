/** What a vendor that keeps no large files and takes no slides has of its context, and a site that has none. */
import type { OpenStorage } from '../../src/storage/types.ts';
import type { Files, Slides } from '../../src/vendors/contract.ts';

const none = () => Promise.reject(new Error('There is no storage'));

export const withoutStorage: Pick<Files, 'keep' | 'keepOn' | 'read'> = { keep: none, keepOn: none, read: none };
export const noSlides: Slides = { stage: none, url: none, release: none };
export const noStorage: OpenStorage = {
  kind: 'folder',
  partSize: { least: 1, most: 1 },
  ...{ begin: none, part: none, complete: none, abort: none, stat: none, read: none, remove: none, url: none },
  ...{ room: none, abortStale: none },
  close: async () => {},
};

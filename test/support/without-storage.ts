/** What a vendor that keeps no large files and takes no slides has of its context. */
import type { Files, Slides } from '../../src/vendors/contract.ts';

const none = () => Promise.reject(new Error('There is no storage'));

export const withoutStorage: Pick<Files, 'keep' | 'read'> = { keep: none, read: none };
export const noSlides: Slides = { stage: none, url: none, release: none };

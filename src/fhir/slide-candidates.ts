/** The resources that an order's slides may be in: what it names, what its specimens lead to, what points back at it. */
import type { OrderRead } from './order-reading.ts';
import { candidatesOf, type Holders, type PictureCandidates, type PictureSearch } from './picture-candidates.ts';
import { isSlideHolder, type SlideHolder } from './slide-holders.ts';
import type { FhirClient } from './types.ts';

export type SlideCandidates = PictureCandidates<SlideHolder>;

const HOLDERS: Holders<SlideHolder> = {
  what: 'slide',
  isHolder: isSlideHolder,
  types: ['Media', 'DocumentReference', 'ImagingStudy'],
  only: ['Media', 'ImagingStudy'],
  back: [
    { type: 'Media', of: 'order', name: 'based-on' },
    { type: 'Media', of: 'specimen', name: 'subject' },
    { type: 'DocumentReference', of: 'either', name: 'related' },
    { type: 'ImagingStudy', of: 'order', name: 'basedon' },
  ],
};

/** As for pictures, with the imaging studies of slide microscopy among them; a study of another modality is none. */
export const slideCandidates = (
  client: FhirClient,
  order: OrderRead,
  search: PictureSearch,
): Promise<SlideCandidates> => candidatesOf(client, order, search, HOLDERS);

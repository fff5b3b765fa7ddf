/** Which slides a resource holds, and where in it. Pure: what the bytes are shows only when their header is read. */
import type {
  Attachment,
  DocumentReference,
  Extension,
  ImagingStudy,
  ImagingStudySeries,
  Media,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { filesIn, isPictureHolder, type PictureHolder, type WantedFiles } from './picture-holders.ts';
import { mediaType } from './text/sniff.ts';

/** What can hold a slide; an ImagingStudy by its series, whose bytes its Endpoint has. */
export type SlideHolder = PictureHolder | ImagingStudy;

/** A slide as a resource holds it, before anybody has read its header. */
export interface HeldSlide {
  /** `content` of a Media, `series/1.2/instances/3.4` of a study: then one of these is the slide, the largest. */
  places: string[];
  /** Absent where DICOMweb has the bytes. */
  attachment?: Attachment;
  /** When it was scanned (FHIR dateTime), as far as the resource says. */
  date?: string;
  bodySite?: Media['bodySite'];
  /** Of the resource, then of the element. */
  extension: Extension[];
  /** What scanned it. */
  devices: Reference[];
  /** `Specimen/1`, as the resource names it. */
  specimen?: string;
  /** What the resource says of the file itself: bytes, and pixels. Their agreement is checked. */
  said: { size?: number; width?: number; height?: number };
}

/** DICOM: Slide Microscopy. */
const MODALITY = 'SM';
/** DICOM: VL Whole Slide Microscopy Image Storage. */
const SLIDE_CLASS = '1.2.840.10008.5.1.4.1.1.77.1.6';
const UID = /^(?:urn:oid:)?([0-9][0-9.]{0,63})$/;

const TYPES =
  /^image\/(?:x-)?(?:tiff?|ome-tiff|svs|aperio(?:-svs)?)$|^application\/(?:x-)?(?:dicom|zip|zip-compressed)$/;

/** Endings of files that lie beside slides and are none; of a file that declares no type nothing else is known. */
const NO_SLIDE = /\.(?:jpe?g|png|gif|pdf|txt|html?|csv|xml|json|geojson|md)$/i;

export const SLIDES: WantedFiles = {
  mayBe: (contentType) => {
    const type = mediaType(contentType);
    return type === undefined || TYPES.test(type);
  },
  sendable: ['image/tiff', 'application/dicom', 'application/zip'],
};

function isSlideStudy({ modality = [], series = [] }: ImagingStudy): boolean {
  return [...modality, ...series.map((each) => each.modality)].some((coding) => coding?.code === MODALITY);
}

export function isSlideHolder(resource: Resource | undefined): resource is SlideHolder {
  return isPictureHolder(resource) || (resource?.resourceType === 'ImagingStudy' && isSlideStudy(resource));
}

const uidOf = (text: string | undefined): string | undefined => UID.exec(text ?? '')?.[1];

/** The specimen that a resource names; where there are several, none of them is certainly the slide's. */
function onlySpecimen(references: readonly (Reference | undefined)[]): { specimen?: string } {
  const found = references.flatMap(
    (each) => /(?:^|\/)(Specimen\/[A-Za-z0-9.-]{1,64})$/.exec(each?.reference ?? '')?.[1] ?? [],
  );
  const [specimen] = found;
  return specimen !== undefined && found.length === 1 ? { specimen } : {};
}

function ofSeries(study: ImagingStudy, series: ImagingStudySeries): HeldSlide[] {
  const uid = uidOf(series.uid);
  if (uid === undefined || (series.modality !== undefined && series.modality.code !== MODALITY)) {
    return [];
  }
  const instances = (series.instance ?? []).flatMap((instance) => {
    const kind = uidOf(instance.sopClass?.code);
    return kind === undefined || kind === SLIDE_CLASS ? (uidOf(instance.uid) ?? []) : [];
  });
  const date = series.started ?? study.started;
  return [
    {
      places: instances.map((instance) => `series/${uid}/instances/${instance}`),
      ...(date !== undefined && { date }),
      ...(series.bodySite && { bodySite: { coding: [series.bodySite] } }),
      extension: [...(study.extension ?? []), ...(series.extension ?? [])],
      devices: (series.performer ?? []).flatMap(({ actor }) =>
        /(^|\/)Device\//.test(actor?.reference ?? '') ? (actor ?? []) : [],
      ),
      ...onlySpecimen(series.specimen ?? []),
      said: {},
    },
  ];
}

function specimenOf(holder: Media | DocumentReference): { specimen?: string } {
  return onlySpecimen(holder.resourceType === 'Media' ? [holder.subject] : (holder.context?.related ?? []));
}

/** The slides that a resource may hold, in its order. A series without instances is among them, with no place. */
export function slidesIn(holder: SlideHolder): HeldSlide[] {
  if (holder.resourceType === 'ImagingStudy') {
    return (holder.series ?? []).flatMap((series) => ofSeries(holder, series));
  }
  return filesIn(holder, SLIDES)
    .filter(
      ({ attachment }) => mediaType(attachment.contentType) !== undefined || !NO_SLIDE.test(attachment.title ?? ''),
    )
    .map(({ place, view: _, attachment, ...held }) => ({
      ...held,
      places: [place],
      attachment,
      ...(holder.resourceType !== 'Binary' && specimenOf(holder)),
      said: {
        ...(attachment.size !== undefined && { size: attachment.size }),
        ...(holder.resourceType === 'Media' && holder.width !== undefined && { width: holder.width }),
        ...(holder.resourceType === 'Media' && holder.height !== undefined && { height: holder.height }),
      },
    }));
}

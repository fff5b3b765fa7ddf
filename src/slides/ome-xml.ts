/**
 * OME-XML, the description of an OME-TIFF: what it says of the slide's own pixels is read, and a new one written that says
 * nothing else. Start tags and their attributes are enough for that; anything unusual is no OME-XML.
 */
import { resolutionOf } from './resolution.ts';

/** What stays of a Pixels element. */
export interface OmePixels {
  attributes: Readonly<Record<string, string>>;
  resolution?: number;
}

const LENGTHS: Record<string, number> = { nm: 0.001, µm: 1, um: 1, mm: 1000 };

/** Attributes of Pixels that stay, with what they may say. */
const KEPT: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    DimensionOrder: /^XY[CZT]{3}$/,
    Type: /^(?:u?int(?:8|16|32)|float|double)$/,
    BigEndian: /^(?:true|false)$/,
    Interleaved: /^(?:true|false)$/,
    SignificantBits: /^\d{1,2}$/,
    SizeX: /^\d{1,10}$/,
    SizeY: /^\d{1,10}$/,
    SizeC: /^\d{1,3}$/,
    SizeZ: /^\d{1,3}$/,
    SizeT: /^\d{1,3}$/,
    PhysicalSizeX: /^[\d.]{1,30}(?:[eE]-?\d{1,2})?$/,
    PhysicalSizeXUnit: /^(?:[nmµu]m)$/,
    PhysicalSizeY: /^[\d.]{1,30}(?:[eE]-?\d{1,2})?$/,
    PhysicalSizeYUnit: /^(?:[nmµu]m)$/,
  }),
);

/** The Pixels element of an image of that size; undefined where the text is no OME-XML or has none. */
export function sizeOf(text: string, { width, height }: { width: number; height: number }): OmePixels | undefined {
  if (!/<(?:\w{1,20}:)?OME[\s>]/.test(text.slice(0, 10_000))) {
    return undefined;
  }
  // TIFF's texts are read byte by byte; this one is UTF-8.
  const xml = Buffer.from(text, 'latin1').toString('utf8');
  for (const [, inside = ''] of xml.matchAll(/<(?:\w{1,20}:)?Pixels\s([^<>]{1,4000})>/g)) {
    const attributes = Object.fromEntries(
      [...inside.matchAll(/(\w{1,40})\s{0,4}=\s{0,4}(?:"([^"]{0,200})"|'([^']{0,200})')/g)].flatMap(
        ([, name = '', a, b]) => {
          const value = a ?? b ?? '';
          return KEPT.get(name)?.test(value) ? [[name, value]] : [];
        },
      ),
    );
    if (Number(attributes.SizeX) === width && Number(attributes.SizeY) === height) {
      const unit = LENGTHS[attributes.PhysicalSizeXUnit ?? 'µm'] ?? Number.NaN;
      const resolution = resolutionOf(Number(attributes.PhysicalSizeX) * unit);
      return { attributes, ...(resolution !== undefined && { resolution }) };
    }
  }
  return undefined;
}

/**
 * OME-XML of one image alone, whose pixels are those of the file's `ifd`th directory. Undefined where its planes stand in
 * several directories: a reader then takes the file as the plain TIFF that it is as well.
 */
export function onlyPixels({ attributes }: OmePixels, ifd: number, samples: number): string | undefined {
  const { SizeC, SizeZ = '1', SizeT = '1' } = attributes;
  if (Number(SizeC) !== samples || SizeZ !== '1' || SizeT !== '1' || !attributes.DimensionOrder || !attributes.Type) {
    return undefined;
  }
  const said = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  const xml =
    '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">' +
    `<Image ID="Image:0"><Pixels ID="Pixels:0"${said.join('')}>` +
    `<Channel ID="Channel:0:0" SamplesPerPixel="${samples}"/><TiffData IFD="${ifd}" PlaneCount="1"/></Pixels></Image></OME>`;
  return Buffer.from(xml, 'utf8').toString('latin1');
}

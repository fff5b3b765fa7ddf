/** Aperio's ImageDescription: a line on the format, then `|key = value` facts, technical ones among patients' and users'. */

const NUMBER = /^-?\d{1,12}(?:\.\d{1,12})?(?:e-?\d{1,3})?$/i;

/** Keys that stay, and what their values may be. */
const KEPT_KEYS: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    AppMag: NUMBER,
    MPP: NUMBER,
    StripeWidth: NUMBER,
    Left: NUMBER,
    Top: NUMBER,
    OriginalWidth: NUMBER,
    OriginalHeight: NUMBER,
    Originalheight: NUMBER,
    Filtered: NUMBER,
    Gamma: NUMBER,
    LineAreaXOffset: NUMBER,
    LineAreaYOffset: NUMBER,
    LineCameraSkew: NUMBER,
    'Focus Offset': NUMBER,
    'Exposure Time': NUMBER,
    'Exposure Scale': NUMBER,
    DisplayColor: NUMBER,
    TotalDepth: NUMBER,
    'ICC Profile': /^(?:ScanScope|AT2|GT450|CS2|sRGB)(?: v\d{1,2})?$/,
  }),
);

/** Words of the format's line: the programs that write it, sizes, places and codecs. */
const FORMAT_WORD =
  /^(?:Aperio|Leica|Biosystems|GT450|AT2|CS2|ScanScope|Image|Library|Format|BigTIFF|SVS|v?\d{1,4}(?:\.\d{1,5}){0,3},?|\d{1,7}x\d{1,7}|\[\d{1,7},\d{1,7}|\d{1,7}x\d{1,7}\]|\(\d{1,5}x\d{1,5}\)|->|-|(?:JPEG|J2K|JPEG2000|JPEG_2000|LZW|RAW)(?:\/(?:RGB|RGBA|YCC|YUV16|KDU|YCbCr))?|KDU|Q=\d{1,3}|Q_\d{1,3}|;)$/;

/**
 * The description without whatever is not known to be technical: never longer than it was, and what stays is where a
 * reader looks for it. Gives at least `Aperio`, by which readers know the format.
 */
export function onlyTechnical(description: string): string {
  const [format = '', ...facts] = description.split('|');
  const words = format.split(/(\s+)/).filter((word, index) => index % 2 === 1 || FORMAT_WORD.test(word));
  const kept = facts.filter((fact) => {
    const [key = '', ...value] = fact.split('=');
    return KEPT_KEYS.get(key.trim())?.test(value.join('=').trim()) ?? false;
  });
  const line = words.join('').trimEnd();
  return [line.startsWith('Aperio') ? line : 'Aperio', ...kept].join('|');
}

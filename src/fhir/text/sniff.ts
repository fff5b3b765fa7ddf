/** What a document really is: media types of notes are often wrong or generic, so the first bytes are asked first. */
import { byteOrderMark, unmarkedUtf16 } from './charset.ts';
import type { Format } from './document.ts';

const DECLARED: Record<string, Format> = {
  'text/plain': 'plain',
  'text/markdown': 'plain',
  'text/html': 'html',
  'application/xhtml+xml': 'html',
  'text/xml': 'ccda',
  'application/xml': 'ccda',
  'application/cda+xml': 'ccda',
  'application/hl7-cda+xml': 'ccda',
  'application/hl7-sda+xml': 'ccda',
  'text/rtf': 'rtf',
  'text/richtext': 'rtf',
  'application/rtf': 'rtf',
  'application/x-rtf': 'rtf',
  'application/pdf': 'pdf',
  'application/x-pdf': 'pdf',
};

/** Beginnings of formats that hold no text for us, with the media type a refusal names. */
const OTHERS: readonly { type: string; at: number; bytes: readonly number[] }[] = [
  { type: 'image/png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47] },
  { type: 'image/jpeg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: 'image/tiff', at: 0, bytes: [0x49, 0x49, 0x2a, 0x00] },
  { type: 'image/tiff', at: 0, bytes: [0x4d, 0x4d, 0x00, 0x2a] },
  { type: 'application/dicom', at: 128, bytes: [0x44, 0x49, 0x43, 0x4d] },
  { type: 'application/zip', at: 0, bytes: [0x50, 0x4b, 0x03, 0x04] },
  { type: 'application/gzip', at: 0, bytes: [0x1f, 0x8b] },
  { type: 'application/msword', at: 0, bytes: [0xd0, 0xcf, 0x11, 0xe0] },
];

/** The media type alone, lower-case; undefined where there is none or a generic one. */
export function mediaType(contentType: string | undefined): string | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  return type === '' || type === 'application/octet-stream' || type === 'binary/octet-stream' ? undefined : type;
}

/** The format that a media type declares; undefined where it is generic, absent or none of ours. */
export function declaredFormat(contentType: string | undefined): Format | undefined {
  const type = mediaType(contentType);
  return type === undefined ? undefined : DECLARED[type];
}

/** Whether a media type says that there is nothing to read: not worth a download. */
export function isMedia(contentType: string | undefined): boolean {
  const type = mediaType(contentType) ?? '';
  return /^(image|audio|video|model|font)\//.test(type) || type === 'application/dicom';
}

/** The first characters, markup and all; only good for recognising. */
function beginning(bytes: Uint8Array): string {
  const label = byteOrderMark(bytes) ?? unmarkedUtf16(bytes) ?? 'latin1';
  return new TextDecoder(label).decode(bytes.subarray(0, 8192)).replace(/^[\ufeff\s]+|^\u00ef\u00bb\u00bf\s*/, '');
}

/** Whether bytes can be a text at all: no zero bytes but UTF-16's, hardly a control character. */
function isTextual(bytes: Uint8Array): boolean {
  if (byteOrderMark(bytes) !== undefined || unmarkedUtf16(bytes) !== undefined) {
    return true;
  }
  const head = bytes.subarray(0, 8192);
  const controls = head.reduce((count, byte) => count + (byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) ? 1 : 0), 0);
  return controls <= head.length / 100;
}

/** HTML without its frame, as some EHRs store under text/plain: an element at the very beginning that is closed again. */
function isFragment(start: string): boolean {
  const name = /^<(p|div|span|table|h[1-6]|ul|ol|b|strong|font|section)[\s>]/i.exec(start)?.[1];
  return name !== undefined && start.toLowerCase().includes(`</${name.toLowerCase()}>`);
}

/** What the root element of a markup document says; undefined where there is none. */
function rootFormat(start: string): Format | { other: string } | undefined {
  const body = start.replace(/<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^>[]*(\[[\s\S]*?\]\s*)?>/gi, '').trimStart();
  const root = /^<(?:[\w.-]+:)?([A-Za-z][\w.-]*)/.exec(body)?.[1];
  if (root === 'ClinicalDocument') {
    return 'ccda';
  }
  if (/^\s*<!DOCTYPE\s+html/im.test(start) || (root && /^(html|head|body)$/i.test(root))) {
    return 'html';
  }
  return /^<\?xml/i.test(start) ? { other: 'application/xml' } : undefined;
}

/** The format of a document, or the media type of what it is instead. Never throws. */
export function sniff(bytes: Uint8Array, contentType?: string): Format | { other: string } {
  const other = OTHERS.find(({ at, bytes: magic }) => magic.every((byte, index) => bytes[at + index] === byte));
  if (other) {
    return { other: other.type };
  }
  const start = beginning(bytes);
  // Readers of PDF accept rubbish before the mark; a note that talks about "%PDF-" does not begin a line with it.
  if (/^%PDF-/m.test(start.slice(0, 1024))) {
    return 'pdf';
  }
  if (start.startsWith('{\\rtf')) {
    return 'rtf';
  }
  const root = rootFormat(start);
  const declared = declaredFormat(contentType);
  if (root === 'ccda' || root === 'html') {
    return root;
  }
  if (!isTextual(bytes)) {
    return declared === 'plain' || declared === 'html'
      ? declared
      : { other: mediaType(contentType) ?? 'unknown binary' };
  }
  if (declared === 'plain' && isFragment(start)) {
    return 'html';
  }
  if (declared === 'plain' || declared === 'html') {
    return declared;
  }
  if (root !== undefined) {
    return root;
  }
  const type = mediaType(contentType);
  if (type !== undefined && declared === undefined && !type.startsWith('text/')) {
    return { other: type };
  }
  if (/^[{[]\s*["{[]/.test(start)) {
    return { other: 'application/json' };
  }
  // Declared as PDF, RTF or XML, or not at all, and none of them: a text, or markup without its frame.
  return /^<[a-z!]/i.test(start) ? (declared === 'ccda' ? { other: 'application/xml' } : 'html') : 'plain';
}

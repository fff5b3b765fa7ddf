/**
 * Text of C-CDA documents: the human-readable narrative of the sections in their order, or the one non-XML body.
 * The entries are not read: the narrative is what the author signed. @xmldom/xmldom is strict (a truncated document is
 * refused, not half read) and knows no entities but XML's five, so nothing can expand.
 */
import { DOMParser, type Document, type Element, onErrorStopParsing } from '@xmldom/xmldom';
import { narrativeText } from './ccda-narrative.ts';
import { declaredInside, decodeText } from './charset.ts';
import { unsupported } from './document.ts';
import { tidy } from './normalise.ts';

/** Reads a document that is packed into another: bytes and the media type that the wrapping declares. */
export type ReadNested = (bytes: Uint8Array, contentType: string | undefined) => Promise<string>;

function childrenOf(element: Element, name: string): Element[] {
  return Array.from(element.childNodes).filter(
    (node): node is Element => node.nodeType === 1 && node.nodeName.replace(/^.*:/, '') === name,
  );
}

function sectionText(section: Element): string[] {
  const [title] = childrenOf(section, 'title');
  const [text] = childrenOf(section, 'text');
  const heading = (title?.textContent ?? '').replace(/\s+/g, ' ').trim();
  const narrative = text ? narrativeText(text) : '';
  const inner = childrenOf(section, 'component').flatMap((component) =>
    childrenOf(component, 'section').flatMap(sectionText),
  );
  const own = [heading, narrative].filter((part) => part !== '').join('\n\n');
  return own === '' ? inner : [own, ...inner];
}

async function nonXmlText(body: Element, nested: ReadNested): Promise<string> {
  const [text] = childrenOf(body, 'text');
  const content = text?.textContent ?? '';
  if (!text || content.trim() === '') {
    throw unsupported('The C-CDA document only points to a file outside it.');
  }
  if (text.getAttribute('compression')) {
    throw unsupported('The C-CDA document holds a compressed file.');
  }
  const mediaType = text.getAttribute('mediaType') || undefined;
  if (text.getAttribute('representation') !== 'B64') {
    return nested(new TextEncoder().encode(content), `${mediaType ?? 'text/plain'};charset=utf-8`);
  }
  return nested(new Uint8Array(Buffer.from(content, 'base64')), mediaType);
}

function parse(xml: string): Document {
  try {
    return new DOMParser({ onError: onErrorStopParsing, locator: false }).parseFromString(xml, 'text/xml');
  } catch (error) {
    if (error instanceof RangeError) {
      throw error;
    }
    throw unsupported('The C-CDA document is not well-formed XML.', error);
  }
}

/** The text of a C-CDA document. Throws input-unsupported for anything else. */
export async function readCcda(bytes: Uint8Array, charset: string | undefined, nested: ReadNested): Promise<string> {
  const xml = decodeText(bytes, charset, declaredInside(bytes)).replace(/^\s+/, '');
  if (/<!DOCTYPE/i.test(xml.slice(0, 8192))) {
    throw unsupported('The C-CDA document has a document type declaration, which C-CDA does not allow.');
  }
  const root = parse(xml).documentElement;
  if (root?.nodeName.replace(/^.*:/, '') !== 'ClinicalDocument') {
    throw unsupported('The XML document is not a C-CDA document.');
  }
  const components = childrenOf(root, 'component');
  const [body] = components.flatMap((component) => childrenOf(component, 'nonXMLBody'));
  if (body) {
    return nonXmlText(body, nested);
  }
  const sections = components
    .flatMap((component) => childrenOf(component, 'structuredBody'))
    .flatMap((structured) => childrenOf(structured, 'component'))
    .flatMap((component) => childrenOf(component, 'section'))
    .flatMap(sectionText);
  return tidy(sections.join('\n\n'));
}

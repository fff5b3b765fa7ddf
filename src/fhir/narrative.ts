/**
 * Renders the report: the Narrative of a DiagnosticReport (the XHTML that R4's txt-1 allows) and a self-contained HTML
 * document for `presentedForm`. Every value is escaped; nothing of a vendor is passed on as markup. Pure.
 */
import type { Narrative } from '@medplum/fhirtypes';
import type { ListedRow, ReportContent } from './report-content.ts';
import { cleanText } from './tidy.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as XML character data or attribute value: well-formed in XML 1.0 whatever was in it. */
export function escapeText(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

function paragraph(text: string, strong = false): string {
  const lines = escapeText(text).split('\n').join('<br/>');
  return strong ? `<p><b>${lines}</b></p>` : `<p>${lines}</p>`;
}

function heading(text: string): string {
  return `<h3>${escapeText(text)}</h3>`;
}

function cell(lines: string[]): string {
  return `<td>${lines
    .filter((line) => line !== '')
    .map(escapeText)
    .join('<br/>')}</td>`;
}

function table(names: string[], rows: string[][][]): string {
  const head = names.map((name) => `<th>${escapeText(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('');
  return `<table border="1"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

function inQuotes(quotes: string[]): string[] {
  return quotes.map((quote) => `“${quote}”`);
}

function listing(title: string, rows: ListedRow[]): string {
  if (rows.length === 0) {
    return '';
  }
  const lines = rows.map(({ label, why, quotes }) => [[label], [why], inQuotes(quotes)]);
  return heading(title) + table(['What', 'Why', 'Quoted words'], lines);
}

function coded(content: ReportContent): string {
  if (content.coded.length === 0) {
    return heading('What was coded') + paragraph('Nothing.');
  }
  const rows = content.coded.map(({ label, code, certainty, date, quotes, remarks }) => [
    [label, ...remarks],
    [code],
    certainty,
    [date],
    inQuotes(quotes),
  ]);
  return heading('What was coded') + table(['Finding', 'Code', 'Certainty or value', 'Date', 'Quoted words'], rows);
}

/** The body of both renderings, so that they say the same. */
function body(content: ReportContent): string {
  const missing = content.missing.map((part) => `<li>${escapeText(part)}</li>`).join('');
  const files = content.files.map((line) => `<li>${escapeText(line)}</li>`).join('');
  const alone = content.leftAlone.map((line) => `<li>${escapeText(line)}</li>`).join('');
  return [
    paragraph(content.banner, true),
    missing === ''
      ? ''
      : `${paragraph(`Incomplete. These parts could not be ${content.undone}:`, true)}<ul>${missing}</ul>`,
    paragraph(`Made by ${content.madeBy}.`),
    ...content.replaces.map((line) => paragraph(line)),
    content.conclusion === undefined ? '' : paragraph(content.conclusion),
    coded(content),
    content.ofOthers === undefined ? '' : paragraph(content.ofOthers),
    files === '' ? '' : `${heading('Pictures and documents')}<ul>${files}</ul>`,
    listing('Already in the chart, not written again', content.known),
    listing('Found but only listed here', content.listed),
    listing('Left out', content.leftOut),
    alone === '' ? '' : `${heading('Changed by somebody since, left as it is')}<ul>${alone}</ul>`,
  ].join('');
}

/** A generated Narrative, its first words the warning that an AI made it and nobody verified it. */
export function toNarrative(content: ReportContent): Narrative {
  return { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${body(content)}</div>` };
}

/** A whole HTML document with the same content: no script, no link, nothing fetched from elsewhere. */
export function toHtml(content: ReportContent): string {
  const style =
    'body{font:14px/1.4 sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}' +
    'td,th{border:1px solid #888;padding:.3em .6em;text-align:left;vertical-align:top}';
  return (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"/>' +
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'"/>' +
    `<title>${escapeText(content.title)}</title><style>${style}</style></head>` +
    `<body><h2>${escapeText(content.title)}</h2>${body(content)}</body></html>`
  );
}

/** S3's answers. */
import type { Response } from 'express';

const STATUS: Record<string, number> = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  EntityTooSmall: 400,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  RequestTimeTooSkewed: 403,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
  XMinioStorageFull: 507,
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export const tag = (name: string, text: string): string => `<${name}>${escaped(text)}</${name}>`;

/** The contents of all elements of that name, as they stand. */
export function elements(xml: string, name: string): string[] {
  return Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs')), ([, inner = '']) => inner);
}

export function sendXml(response: Response, root: string, content: string): void {
  const xmlns = 'http://s3.amazonaws.com/doc/2006-03-01/';
  response
    .type('application/xml')
    .send(`<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${xmlns}">${content}</${root}>`);
}

export function sendError(response: Response, code: string): void {
  response
    .status(STATUS[code] ?? 500)
    .type('application/xml')
    .send(`<?xml version="1.0" encoding="UTF-8"?>\n<Error>${tag('Code', code)}${tag('Message', code)}</Error>`);
}

/** Binaries: raw bytes in and out, or a FHIR resource with base64 in it. */
import type { Binary } from '@medplum/fhirtypes';
import type { Request } from 'express';

const FHIR = /^application\/(fhir\+)?json\b/i;

export const bytesOf = (binary: Binary): Buffer => Buffer.from(binary.data ?? '', 'base64');

/** Whether the content type of a request says FHIR JSON. */
export const isFhirJson = (contentType: string | undefined): boolean => FHIR.test(contentType ?? '');

function isBinaryJson(body: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return (
      typeof parsed === 'object' && parsed !== null && 'resourceType' in parsed && parsed.resourceType === 'Binary'
    );
  } catch {
    return false;
  }
}

/** The Binary of a raw POST or PUT; undefined: the body is a resource in FHIR JSON. */
export function rawBinary(request: Request, body: Buffer, id?: string): Binary | undefined {
  const contentType = request.get('content-type') ?? 'application/octet-stream';
  const isResource = contentType.startsWith('application/fhir+json') || (isFhirJson(contentType) && isBinaryJson(body));
  if (isResource) {
    return undefined;
  }
  const context = request.get('x-security-context');
  return {
    resourceType: 'Binary',
    ...(id && { id }),
    contentType,
    ...(context && { securityContext: { reference: context } }),
    ...(body.length > 0 && { data: body.toString('base64') }),
  };
}

/** Whether a reader wants the bytes: unless it asks for FHIR JSON, and the Binary itself is something else. */
export function wantsBytes(request: Request, binary: Binary): boolean {
  const accept = request.get('accept') ?? '*/*';
  const [own = ''] = binary.contentType.split(';');
  return accept.includes(own) || !accept.split(',').some((each) => isFhirJson(each.trim()));
}

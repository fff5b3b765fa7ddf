/** Which Binary an attachment's URL means. Pure. */

const BINARY = /(?:^|\/)binary\/([A-Za-z0-9\-.]{1,64})(?:\/|$)/i;

/**
 * `Binary/1` of `Binary/1`, of an absolute URL and of a signed one whose path still names it (`…/binary/1/2?Signature=…`,
 * as Medplum's storage has it); undefined for any other. Only for URLs in resources of ours: somebody else's may name
 * the Binary of another server.
 */
export function binaryReference(url: string | undefined): string | undefined {
  const [path = ''] = (url ?? '').split(/[?#]/);
  const id = BINARY.exec(path)?.[1];
  return id === undefined ? undefined : `Binary/${id}`;
}

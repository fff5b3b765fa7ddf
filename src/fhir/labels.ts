/** The AI label that every resource made of a vendor's output carries, for ever. */
import type { Coding, Meta } from '@medplum/fhirtypes';
import { AI_ASSERTED, OUR_SYSTEMS } from './terminology.ts';

/** `meta` of a result: the AI label and others beside it, and with `content` the hash of what we meant to write. */
export function aiMeta(content?: string, others: readonly Coding[] = []): Meta {
  return {
    security: [AI_ASSERTED, ...others],
    ...(content === undefined ? {} : { tag: [{ system: OUR_SYSTEMS.content, code: content }] }),
  };
}

/** The content hash that a resource carries, where it is one of ours. */
export function contentOf(meta: Meta | undefined): string | undefined {
  return meta?.tag?.find(({ system }) => system === OUR_SYSTEMS.content)?.code;
}

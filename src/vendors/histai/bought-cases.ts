/**
 * The cases that were bought, put together of what the search showed and of the records that came with the purchase. A
 * case's protocols are free text that may name somebody: they are read only where the site wants a resource for each case.
 */
import { z } from 'zod';
import { type CaseAnswer, caseRecord } from './answers.ts';
import type { CaseSlides } from './criteria-types.ts';
import { bag, id, listed, maybe, word } from './lenient.ts';
import type { BoughtCase } from './state.ts';

const protocols = bag({
  caseId: id,
  macroProtocol: maybe(word),
  microProtocol: maybe(word),
  conclusion: maybe(word),
});
type Protocols = z.infer<typeof protocols>;

/** Records are a list, or in an object under a name that says so. */
const ENVELOPES = ['cases', 'records', 'items', 'content', 'results'] as const;
const envelope = z.record(z.string(), z.unknown());

function recordsIn(metadata: unknown): unknown {
  const inside = envelope.safeParse(metadata).data ?? {};
  return Array.isArray(metadata) ? metadata : ENVELOPES.map((name) => inside[name]).find(Array.isArray);
}

const byId = <T extends { caseId: string }>(items: readonly T[]): Map<string, T> =>
  new Map(items.map((one) => [one.caseId, one]));

/** Characters of one protocol; what is longer is cut, and says so. */
const LONGEST = 20_000;
const CUT = ' [cut: the whole is in the records of the cohort]';
const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - CUT.length)}${CUT}` : text);

function told({
  macroProtocol,
  microProtocol,
  conclusion,
}: Protocols): Pick<BoughtCase, 'macro' | 'micro' | 'conclusion'> {
  return {
    ...(macroProtocol !== undefined && { macro: cut(macroProtocol) }),
    ...(microProtocol !== undefined && { micro: cut(microProtocol) }),
    ...(conclusion !== undefined && { conclusion: cut(conclusion) }),
  };
}

/**
 * @param choice what was bought; @param seen the cases as the search showed them; @param metadata the records as they came,
 * of a shape that nobody has documented.
 */
export function bought(
  choice: readonly CaseSlides[],
  seen: readonly CaseAnswer[],
  metadata: unknown,
  wish: { protocols: boolean },
): BoughtCase[] {
  const raw = recordsIn(metadata);
  const records = byId(listed(caseRecord).parse(raw));
  const texts = wish.protocols ? byId(listed(protocols).parse(raw)) : new Map<string, Protocols>();
  const shown = byId(seen);
  return choice.map(({ caseId, slideIds }) => {
    const one = records.get(caseId) ?? shown.get(caseId);
    const text = texts.get(caseId);
    const stains = new Map((shown.get(caseId)?.slides ?? []).map(({ slideId, stainName }) => [slideId, stainName]));
    return {
      caseId,
      organ: one?.organ ?? [],
      primaryDiagnosis: one?.primaryDiagnosis ?? [],
      cancerType: one?.cancerType ?? [],
      ...(one?.isCancer !== undefined && { isCancer: one.isCancer }),
      ...(one?.age !== undefined && { age: one.age }),
      ...(one?.gender !== undefined && { gender: one.gender }),
      ...(one?.icd10 !== undefined && { icd10: one.icd10 }),
      studies: Object.entries(one?.ihcStudies ?? {}).map(([marker, result]) => ({ marker, result })),
      slides: slideIds.flatMap((slideId) => {
        const stain = stains.get(slideId);
        return stain === undefined ? [] : [{ slideId, stain }];
      }),
      ...(text && told(text)),
    };
  });
}

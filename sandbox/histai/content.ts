/** What callers ask to have in a cohort, or to take out of it, and what becomes of it. */
import { z } from 'zod';
import type { Case } from './cases.ts';
import type { ErrorCode } from './errors.ts';

/** One case of a request; without `slideIds` all its slides are meant. */
export const caseRequest = z.object({ caseId: z.string(), slideIds: z.array(z.string()).min(1).nullish() });
export type CaseRequest = z.infer<typeof caseRequest>;

/** By case: its slides. */
export type Content = Map<string, string[]>;

type Outcome = { content: Content } | { refused: ErrorCode };

/** The slides that a request names; refused where a case comes twice, or a case or a slide is not to be found. */
export function resolve(asked: readonly CaseRequest[], cases: ReadonlyMap<string, Case>): Outcome {
  if (new Set(asked.map(({ caseId }) => caseId)).size < asked.length) {
    return { refused: 'DUPLICATE_CASES' };
  }
  const content: Content = new Map();
  for (const { caseId, slideIds } of asked) {
    const all = cases.get(caseId)?.slides.map(({ slideId }) => slideId);
    if (!all || slideIds?.some((id) => !all.includes(id))) {
      return { refused: 'NOT_FOUND' };
    }
    content.set(caseId, slideIds ? all.filter((id) => slideIds.includes(id)) : all);
  }
  return { content };
}

export function withSlides(content: Content, added: Content, cases: ReadonlyMap<string, Case>): Content {
  const joined = new Map(content);
  for (const [caseId, slideIds] of added) {
    const wanted = new Set([...(content.get(caseId) ?? []), ...slideIds]);
    const all = cases.get(caseId)?.slides.map(({ slideId }) => slideId) ?? [];
    joined.set(
      caseId,
      all.filter((id) => wanted.has(id)),
    );
  }
  return joined;
}

/** Refused where a case or slide is not in the cohort, or nothing would be left; a case without slides is gone. */
export function withoutSlides(content: Content, removed: Content, asked: readonly CaseRequest[]): Outcome {
  const named = (caseId: string) => asked.find((one) => one.caseId === caseId)?.slideIds;
  const missing = [...removed].some(([caseId, slideIds]) => {
    const present = content.get(caseId);
    return !present || (named(caseId) && slideIds.some((id) => !present.includes(id)));
  });
  const left = [...content]
    .map(([caseId, slideIds]) => ({ caseId, slideIds: slideIds.filter((id) => !removed.get(caseId)?.includes(id)) }))
    .filter(({ slideIds }) => slideIds.length > 0);
  if (missing || left.length === 0) {
    return { refused: missing ? 'NOT_FOUND' : 'INVALID_PARAMETERS' };
  }
  return { content: new Map(left.map(({ caseId, slideIds }) => [caseId, slideIds])) };
}

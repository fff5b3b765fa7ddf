/**
 * Before anything is searched for: the Datahub's own values are read and those that stand for the order's criteria chosen.
 * What was chosen, and why, goes on the order's timeline: in the Datahub's words, never the order's.
 */
import { AdapterError } from '../../errors.ts';
import { isRefusal, type Step } from '../contract.ts';
import type { Facets } from './answers.ts';
import { pageFilter, readGlobalFilters } from './api.ts';
import { readAll } from './api-pages.ts';
import { criteriaOf } from './criteria.ts';
import { type Chosen, type Criteria, FACET_KEYS, type Group, type Kind, type Missing } from './criteria-types.ts';
import { type Ctx, callerOf } from './ctx.ts';
import { SALES, WAITS } from './facts.ts';
import { matchFacets } from './match-facets.ts';
import { putChosen } from './parts.ts';
import type { Definition, Result, State } from './state.ts';

/** Of which fields all values are read, page by page, where the list of all of them lacks what is looked for. */
const FIELDS: Record<Kind, (keyof typeof FACET_KEYS)[]> = {
  organ: ['organ'],
  diagnosis: ['primaryDiagnosis', 'cancerType'],
  stain: ['stainName'],
  marker: ['ihc_markers'],
};

const CALLED: Record<Kind, string> = {
  organ: 'organ',
  diagnosis: 'diagnosis',
  stain: 'stain',
  marker: 'marker',
};

export function criteriaIn({ order }: Pick<Ctx, 'order'>): Criteria {
  const criteria = criteriaOf(order);
  if (isRefusal(criteria)) {
    throw new AdapterError('unexpected', 'The criteria of an order that was begun cannot be read', {
      kind: 'permanent',
      remedy: 'hold',
    });
  }
  return criteria;
}

/** The criteria that the order has, by name: what of it leaves. */
const namesOf = (criteria: Criteria): string[] =>
  Object.entries(criteria).flatMap(([name, value]) =>
    value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [name],
  );

/** The values of long lists, which the list of everything may cut short; a vendor that refuses the question has none. */
async function withPages(facets: Facets, missing: readonly Missing[], context: Ctx): Promise<Facets> {
  const fields = new Set(missing.filter(({ why }) => why === 'nothing-alike').flatMap(({ kind }) => FIELDS[kind]));
  const more: Record<string, Facets[string]> = {};
  for (const field of fields) {
    const key = FACET_KEYS[field].find((one) => Object.hasOwn(facets, one));
    if (key === undefined) {
      continue;
    }
    try {
      const read = (page: number) => pageFilter(callerOf(context), { field: key }, { page });
      const { items } = await readAll(read, ({ value }) => String(value));
      const known = new Set((facets[key] ?? []).map(({ value }) => value));
      more[key] = [...(facets[key] ?? []), ...items.filter(({ value }) => !known.has(value))];
    } catch (thrown) {
      if (!(thrown instanceof AdapterError && thrown.code === 'vendor-rejected')) {
        throw thrown;
      }
    }
  }
  return { ...facets, ...more };
}

const quoted = (values: readonly string[]): string => values.map((value) => `“${value}”`).join(', ');

function lineOf(kind: Kind, { values, organs, near, count }: Group): string {
  const chosen = values.map(({ value, why }) => `“${value}” (${why})`).join(', ');
  const within = organs ? `, of ${quoted(organs.map(({ value }) => value))}` : '';
  const counted = count === undefined ? '' : `, ${count} cases`;
  const others = near.length > 0 ? `; near, and not chosen: ${quoted(near)}` : '';
  return `${CALLED[kind]}: ${chosen}${within}${counted}${others}`;
}

const KINDS: readonly Kind[] = ['organ', 'diagnosis', 'stain', 'marker'];

function linesOf(chosen: Chosen, missing: readonly Missing[]): string[] {
  const found = KINDS.flatMap((kind) => chosen[kind].groups.map((group) => lineOf(kind, group)));
  const unfound = missing.map(
    ({ kind, asked }) => `${CALLED[kind]}: nothing stands for the order's number ${asked + 1}`,
  );
  const { age, gender, malignant } = chosen;
  const plain = [
    ...(age ? [`age: ${age[0]} to ${age[1]} years`] : []),
    ...(gender ? [`gender: ${gender}`] : []),
    ...(malignant === undefined ? [] : [malignant ? 'malignant' : 'not malignant']),
  ];
  return [...found, ...unfound, ...plain];
}

/** What the cohort is defined by: of organs and diagnoses any will do, of stains and markers each is a line of its own. */
function definitionOf({ organ, diagnosis, stain, marker, age, gender, malignant }: Chosen): Definition {
  const any = ({ field, groups }: { field: string; groups: readonly Group[] }) =>
    groups.length === 0 ? [] : [{ field, values: groups.flatMap(({ values }) => values) }];
  const each = ({ field, groups }: { field: string; groups: readonly Group[] }) =>
    groups.map(({ values }) => ({ field, values }));
  return {
    fields: [...any(organ), ...any(diagnosis), ...each(stain), ...each(marker)],
    ...(age && { age }),
    ...(gender && { gender }),
    ...(malignant !== undefined && { malignant }),
  };
}

/** Why nothing was searched for: with a criterion left out, more would be found than was asked for. */
function refusal(missing: readonly Missing[]): string {
  const each = missing.map(({ kind, near }) => {
    const close = near.length > 0 ? ` Near to it are ${quoted(near)}.` : '';
    return `HistAI's Datahub lists nothing that the ${CALLED[kind]} of the order stands for.${close}`;
  });
  return `${[...new Set(each)].join(' ')} More than the Datahub lists can be asked for at ${SALES}.`;
}

export async function explore(state: State, context: Ctx): Promise<Step<State, Result>> {
  const criteria = criteriaIn(context);
  await context.disclose(namesOf(criteria));
  const facets = await context.memory.get('facets', async () => ({
    value: await readGlobalFilters(callerOf(context)),
    seconds: WAITS.facets,
  }));
  const first = matchFacets(criteria, facets);
  const { chosen, missing } =
    first.missing.length === 0 ? first : matchFacets(criteria, await withPages(facets, first.missing, context));
  if (!chosen) {
    return { refuse: { code: 'order-incomplete', text: refusal(missing) } };
  }
  await putChosen(context.parts, chosen);
  const next: State = { ...state, phase: 'search', definition: definitionOf(chosen) };
  return { next, status: 'searching for cases', tell: linesOf(chosen, missing) };
}

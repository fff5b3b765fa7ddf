/** Reads the vendor's parameters out of an answer: its value keys are not documented, and each parameter has others. Pure. */
import { knownParameter } from './parameters.ts';
import { type Parameter, VALUE_KINDS, type ValueKind, type Values } from './state.ts';
import { plainWords } from './words.ts';

type Bag = Readonly<Record<string, unknown>>;

/** More would be no face. */
const MOST_PARAMETERS = 200;
const MOST_AREAS = 40;
const NAME = /^[a-z][a-z0-9_]{0,59}$/;

export function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number as it stands, or one level deeper under `value` or its own name: `ita: { ita: 31.4 }`. Texts are no numbers. */
function numberOf(value: unknown, ...names: string[]): number | undefined {
  const candidates = isBag(value) ? ['value', ...names].map((name) => value[name]) : [value];
  return candidates.find((one): one is number => typeof one === 'number' && Number.isFinite(one));
}

function valuesOf(raw: Bag, name?: string): Values {
  const read: Values = {};
  for (const kind of VALUE_KINDS) {
    const value = numberOf(raw[kind], kind);
    if (value !== undefined) {
      read[kind] = value;
    }
  }
  const own = name === undefined ? undefined : numberOf(raw[name], name);
  const kind = name === undefined ? undefined : ownKind(name);
  return own === undefined || kind === undefined || read[kind] !== undefined ? read : { ...read, [kind]: own };
}

/** What a number under the parameter's own name means: `redness: { redness: 82 }`. */
function ownKind(name: string): ValueKind {
  const known = knownParameter(name);
  return known === undefined || known.kind === 'tag' ? 'score' : known.kind;
}

function areasOf(raw: unknown): Parameter['areas'] {
  const areas = isBag(raw) ? Object.entries(raw) : [];
  return areas
    .filter(([name]) => NAME.test(name))
    .slice(0, MOST_AREAS)
    .map(([name, value]) => ({ name, values: isBag(value) ? valuesOf(value) : {} }))
    .filter(({ values }) => Object.keys(values).length > 0);
}

function parameterOf(name: string, raw: unknown): Parameter | undefined {
  if (!NAME.test(name) || !isBag(raw)) {
    return undefined;
  }
  const values = valuesOf(raw, name);
  const tag = plainWords(raw.tag) ?? plainWords(raw[name]);
  const areas = areasOf(raw.areas);
  const empty = Object.keys(values).length === 0 && tag === undefined && areas.length === 0;
  return empty ? undefined : { name, values, ...(tag === undefined ? {} : { tag }), areas };
}

const round = (value: number): number => Math.round(value * 1e6) / 1e6;

function scaled({ score, ...values }: Values): Values {
  return score === undefined ? values : { ...values, score: round(score * 100) };
}

/**
 * The parameters of a Block, sorted by name. Scores are 0 to 100; an older habit of the vendor's gives them as 0 to 1,
 * which is believed only where every score of the Block is.
 */
export function parametersOf(raw: unknown): { parameters: Parameter[]; rescaled: boolean } {
  const entries = isBag(raw) ? Object.entries(raw).slice(0, MOST_PARAMETERS) : [];
  const read = entries
    .flatMap(([name, value]) => parameterOf(name, value) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const scores = read.flatMap(({ values, areas }) =>
    [values, ...areas.map((area) => area.values)].flatMap(({ score }) => score ?? []),
  );
  const rescaled = scores.some((score) => score > 0) && scores.every((score) => score >= 0 && score <= 1);
  if (!rescaled) {
    return { parameters: read, rescaled };
  }
  const parameters = read.map((one) => ({
    ...one,
    values: scaled(one.values),
    areas: one.areas.map(({ name, values }) => ({ name, values: scaled(values) })),
  }));
  return { parameters, rescaled };
}

/**
 * The part of PostgreSQL's JSONPath that the vendor documents: members, `[*]`, `[0]`, and a filter of comparisons of `@`
 * joined by `&&`, `||`, `!` and parentheses. Lax, as PostgreSQL is by default: a list is looked into where one value is meant.
 */

/** Whether an expression finds anything in a value (`@?`); undefined: the expression is not one of ours. */
export function compilePath(expression: string): ((value: unknown) => boolean) | undefined {
  const text = expression.trim();
  const rooted = text.startsWith('$') ? text : `$.${text}`;
  const tokens = tokenize(rooted);
  if (!tokens) {
    return undefined;
  }
  try {
    const reader = createReader(tokens);
    reader.expect('$');
    const find = readPath(reader);
    reader.expect('end');
    return (value) => find([value]).length > 0;
  } catch (error) {
    if (error instanceof NoPath) {
      return undefined;
    }
    throw error;
  }
}

class NoPath extends Error {}

type Find = (values: unknown[]) => unknown[];
type Test = (value: unknown) => boolean;
type Token = { kind: string; text: string };

const TOKEN =
  /\s*(?:(?<string>"(?:[^"\\]|\\.)*")|(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_][\w-]*)|(?<sign>==|!=|<>|<=|>=|&&|\|\||[$@.[\]*?()<>!]))/y;
/** Deeper than this nobody nests, and the stack is finite. */
const DEEPEST = 50;

function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const whole = text.trimEnd();
  while (TOKEN.lastIndex < whole.length) {
    const found = TOKEN.exec(whole)?.groups;
    if (!found) {
      return undefined;
    }
    const [kind, token] = Object.entries(found).find(([, value]) => value !== undefined) ?? ['', ''];
    tokens.push({ kind: kind === 'sign' ? token : kind, text: token });
  }
  return tokens;
}

function createReader(tokens: Token[]) {
  let place = 0;
  let depth = 0;
  const peek = () => tokens[place] ?? { kind: 'end', text: '' };
  const reader = {
    peek,
    /** The next token if it is of the kind. */
    take(kind: string): Token | undefined {
      const token = peek();
      if (token.kind !== kind) {
        return undefined;
      }
      place++;
      return token;
    },
    expect(kind: string): Token {
      return reader.take(kind) ?? fail();
    },
    within<T>(read: () => T): T {
      depth++;
      const result = depth > DEEPEST ? fail() : read();
      depth--;
      return result;
    },
  };
  return reader;
}
type Reader = ReturnType<typeof createReader>;

const fail = (): never => {
  throw new NoPath();
};

/** Steps after `$` or `@`. */
function readPath(reader: Reader): Find {
  const steps: Find[] = [];
  for (let step = readStep(reader); step; step = readStep(reader)) {
    steps.push(step);
  }
  return (values) => steps.reduce((found, step) => step(found), values);
}

function readStep(reader: Reader): Find | undefined {
  if (reader.take('.')) {
    const token = reader.take('name') ?? reader.expect('string');
    const name = token.kind === 'string' ? stringOf(token) : token.text;
    return (values) => values.flatMap(unwrap).flatMap((value) => member(value, name));
  }
  if (reader.take('[')) {
    const index = reader.take('*') ? undefined : Number(reader.expect('number').text);
    reader.expect(']');
    return (values) => values.flatMap((value) => elements(value, index));
  }
  if (reader.take('?')) {
    reader.expect('(');
    const test = readEither(reader);
    reader.expect(')');
    return (values) => values.flatMap(unwrap).filter(test);
  }
  return undefined;
}

function readEither(reader: Reader): Test {
  return reader.within(() => {
    const tests = [readBoth(reader)];
    while (reader.take('||')) {
      tests.push(readBoth(reader));
    }
    return (value) => tests.some((test) => test(value));
  });
}

function readBoth(reader: Reader): Test {
  const tests = [readOne(reader)];
  while (reader.take('&&')) {
    tests.push(readOne(reader));
  }
  return (value) => tests.every((test) => test(value));
}

function readOne(reader: Reader): Test {
  const negated = reader.take('!') !== undefined;
  if (negated || reader.peek().kind === '(') {
    reader.expect('(');
    const inner = readEither(reader);
    reader.expect(')');
    return (value) => inner(value) !== negated;
  }
  const exists = reader.peek();
  if (exists.kind === 'name' && exists.text === 'exists') {
    reader.expect('name');
    reader.expect('(');
    reader.expect('@');
    const find = readPath(reader);
    reader.expect(')');
    return (value) => find([value]).length > 0;
  }
  reader.expect('@');
  const find = readPath(reader);
  const compare = COMPARISONS[reader.peek().kind] ?? fail();
  reader.expect(reader.peek().kind);
  const wanted = literal(reader);
  return (value) =>
    find([value])
      .flatMap(unwrap)
      .some((found) => compare(found, wanted));
}

const ordered = (holds: (a: number | string, b: number | string) => boolean) => (a: unknown, b: unknown) =>
  (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string')
    ? holds(a, b)
    : false;
const COMPARISONS: Record<string, (a: unknown, b: unknown) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<>': (a, b) => a !== b,
  '<': ordered((a, b) => a < b),
  '<=': ordered((a, b) => a <= b),
  '>': ordered((a, b) => a > b),
  '>=': ordered((a, b) => a >= b),
};

const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function literal(reader: Reader): unknown {
  const token = reader.take('string') ?? reader.take('number') ?? reader.expect('name');
  if (token.kind === 'name') {
    return WORDS.has(token.text) ? WORDS.get(token.text) : fail();
  }
  return token.kind === 'number' ? Number(token.text) : stringOf(token);
}

function stringOf({ text }: Token): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return fail();
  }
}

const unwrap = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function member(value: unknown, name: string): unknown[] {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, name) ? [Reflect.get(value, name)] : [];
}

function elements(value: unknown, index: number | undefined): unknown[] {
  const all = unwrap(value);
  return index === undefined ? all : all.slice(index, index + 1);
}

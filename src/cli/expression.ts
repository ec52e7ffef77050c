/**
 * Expressions such as `tanh(matmul(x, w) + b)`: parsed here and run on public ops, never as JavaScript.
 *
 *   sum     = product { ('+' | '-') product }
 *   product = unary { ('*' | '/') unary }
 *   unary   = '-' unary | power
 *   power   = atom [ '**' unary ]
 *   atom    = number | name | name '(' [ sum { ',' sum } ] ')' | '[' [ sum { ',' sum } ] ']' | '(' sum ')'
 */
import { add, ConfigError, div, mul, neg, pow, sub, type Tensor } from '../engine/index.ts';
import { nearest } from '../methods/registry/near.ts';
import { expressionOps } from './expression-ops.ts';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'call'; readonly name: string; readonly at: number; readonly args: readonly Expression[] }
  | { readonly kind: 'list'; readonly items: readonly Expression[] };

type Value = Tensor | number | readonly Value[];

interface Token {
  readonly text: string;
  readonly at: number;
}

const tokenPattern = /\s*(\*\*|[-+*/(),[\]]|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[A-Za-z_]\w*)/y;

/** Parses a text; throws a ConfigError that points at what is wrong. */
export function parseExpression(text: string): Expression {
  const reader = new Reader(text, tokensOf(text));
  const whole = sumOf(reader);
  if (reader.peek() !== undefined) throw reader.wrong('an operator');
  return whole;
}

/** Names that stand for inputs, in the order of their first use. */
export function inputsOf(e: Expression): string[] {
  if (e.kind === 'name') return [e.name];
  const parts = e.kind === 'call' ? e.args : e.kind === 'list' ? e.items : [];
  return [...new Set(parts.flatMap(inputsOf))];
}

/** Runs an expression on named inputs; numbers stay numbers until they meet a tensor. */
export function evaluate(e: Expression, inputs: ReadonlyMap<string, Tensor>): Value {
  switch (e.kind) {
    case 'number':
      return e.value;
    case 'list':
      return e.items.map((item) => evaluate(item, inputs));
    case 'name':
      return inputs.get(e.name)!;
    case 'call':
      return call(
        e.name,
        e.args.map((arg) => evaluate(arg, inputs)),
      );
  }
}

function call(name: string, args: readonly Value[]): Value {
  const arithmetic = operators.get(name);
  if (arithmetic === undefined) return (expressionOps[name] as (...args: readonly Value[]) => Tensor)(...args);
  const isPlain = args.every((arg) => typeof arg === 'number');
  return (isPlain ? arithmetic.onNumbers : arithmetic.onTensors)(...(args as never[]));
}

interface Operator {
  readonly onNumbers: (...xs: number[]) => number;
  readonly onTensors: (...xs: never[]) => Tensor;
}

/** Operators are calls under names that nobody can write. */
const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['+', { onNumbers: (a, b) => a! + b!, onTensors: add }],
  ['-', { onNumbers: (a, b) => a! - b!, onTensors: sub }],
  ['*', { onNumbers: (a, b) => a! * b!, onTensors: mul }],
  ['/', { onNumbers: (a, b) => a! / b!, onTensors: div }],
  ['**', { onNumbers: (a, b) => a! ** b!, onTensors: pow }],
  ['negate', { onNumbers: (a) => -a!, onTensors: neg }],
]);

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(text);
    if (match === null) {
      const place = at + text.slice(at).search(/\S/);
      throw wrongAt(text, place, `the character ${JSON.stringify(text[place])} means nothing here`);
    }
    at = tokenPattern.lastIndex;
    tokens.push({ text: match[1]!, at: at - match[1]!.length });
  }
  return tokens;
}

const grammar = 'write numbers, names, [lists], + - * / **, and calls of ops: tanh(matmul(x, w) + b)';

const wrongAt = (text: string, at: number, why: string, help = grammar): ConfigError =>
  new ConfigError(`${why}\n  ${text}\n  ${' '.repeat(at)}^`, {
    expression: text,
    column: at,
    help,
  });

class Reader {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.#tokens = tokens;
  }

  peek(): string | undefined {
    return this.#tokens[this.#next]?.text;
  }

  take(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw this.wrong('a value');
    this.#next++;
    return token;
  }

  /** Takes one of the given tokens if it comes next. */
  taken(...texts: string[]): string | undefined {
    const text = this.peek();
    if (text === undefined || !texts.includes(text)) return undefined;
    this.#next++;
    return text;
  }

  expect(text: string): void {
    if (this.taken(text) === undefined) throw this.wrong(`"${text}"`);
  }

  wrong(expected: string): ConfigError {
    const token = this.#tokens[this.#next];
    const found = token === undefined ? 'it ends' : `there is ${JSON.stringify(token.text)}`;
    return wrongAt(this.text, token?.at ?? this.text.length, `${expected} should stand where ${found}`);
  }
}

const operation = (name: string, ...args: Expression[]): Expression => ({ kind: 'call', name, at: 0, args });

function sumOf(reader: Reader): Expression {
  let left = productOf(reader);
  for (let sign = reader.taken('+', '-'); sign !== undefined; sign = reader.taken('+', '-'))
    left = operation(sign, left, productOf(reader));
  return left;
}

function productOf(reader: Reader): Expression {
  let left = unaryOf(reader);
  for (let sign = reader.taken('*', '/'); sign !== undefined; sign = reader.taken('*', '/'))
    left = operation(sign, left, unaryOf(reader));
  return left;
}

const unaryOf = (reader: Reader): Expression =>
  reader.taken('-') === undefined ? powerOf(reader) : operation('negate', unaryOf(reader));

function powerOf(reader: Reader): Expression {
  const base = atomOf(reader);
  return reader.taken('**') === undefined ? base : operation('**', base, unaryOf(reader));
}

function atomOf(reader: Reader): Expression {
  if (reader.taken('(') !== undefined) {
    const inner = sumOf(reader);
    reader.expect(')');
    return inner;
  }
  if (reader.taken('[') !== undefined) return { kind: 'list', items: itemsUntil(reader, ']') };
  if (reader.peek() !== undefined && !/^[\w.]/.test(reader.peek()!)) throw reader.wrong('a value');
  const { text, at } = reader.take();
  if (/^[\d.]/.test(text)) return { kind: 'number', value: Number(text) };
  if (reader.taken('(') === undefined) return { kind: 'name', name: text, at };
  return { kind: 'call', name: knownOp(text, at, reader), at, args: itemsUntil(reader, ')') };
}

function itemsUntil(reader: Reader, end: string): Expression[] {
  const items: Expression[] = [];
  if (reader.taken(end) !== undefined) return items;
  do items.push(sumOf(reader));
  while (reader.taken(',') !== undefined);
  reader.expect(end);
  return items;
}

function knownOp(name: string, at: number, reader: Reader): string {
  if (Object.hasOwn(expressionOps, name)) return name;
  const near = nearest(name, Object.keys(expressionOps));
  throw wrongAt(
    reader.text,
    at,
    `there is no op "${name}"`,
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `ops are ${Object.keys(expressionOps).join(', ')}`,
  );
}

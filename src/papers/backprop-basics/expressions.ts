/** Check 4: expressions with known gradients, random ones against differences, and what goes wrong when a sweep is done otherwise. */
import {
  add,
  backwardGradients,
  div,
  exp,
  forwardValues,
  logistic,
  mul,
  pow,
  relu,
  type ScalarGraph,
  sub,
  type Tensor,
  tanh,
  traceScalars,
} from '../../engine/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { Draws } from './draws.ts';

/** An expression at a point, with its value and gradients as known beforehand. */
export interface Reference {
  readonly id: string;
  readonly text: string;
  readonly f: (...xs: Tensor[]) => Tensor;
  readonly at: Readonly<Record<string, number>>;
  readonly value: number;
  readonly gradients: readonly number[];
  /** Largest distance that rounding of the printed figures explains. */
  readonly tolerance: number;
}

export const references: readonly Reference[] = [
  {
    id: 'product-sum',
    text: '(a·b + c)·f',
    f: (a, b, c, f) => mul(add(mul(a!, b!), c!), f!),
    at: { a: 2, b: -3, c: 10, f: -2 },
    value: -8,
    gradients: [6, -4, -2, 4],
    tolerance: 1e-12,
  },
  {
    id: 'neuron',
    text: 'tanh(x1·w1 + x2·w2 + b)',
    f: (x1, x2, w1, w2, b) => tanh(add(add(mul(x1!, w1!), mul(x2!, w2!)), b!)),
    at: { x1: 2, x2: 0, w1: -3, w2: 1, b: 6.8813735870195432 },
    value: Math.SQRT1_2,
    gradients: [-1.5, 0.5, 1, 0, 0.5],
    tolerance: 1e-4,
  },
  { id: 'twice', text: 'a + a', f: (a) => add(a!, a!), at: { a: 3 }, value: 6, gradients: [2], tolerance: 1e-12 },
  {
    id: 'shared',
    text: '(a·b)·(a + b)',
    f: (a, b) => mul(mul(a!, b!), add(a!, b!)),
    at: { a: -2, b: 3 },
    value: -6,
    gradients: [-3, -8],
    tolerance: 1e-12,
  },
];

/** A reference expression as a graph with both sweeps done. */
export function swept({ f, at }: Pick<Reference, 'f' | 'at'>) {
  const scalar = traceScalars(f, Object.keys(at));
  const values = forwardValues(scalar, Object.values(at));
  return { scalar, values, gradients: backwardGradients(scalar, values) };
}

/** The largest distance of value and gradients from what is known, in units of the tolerance. */
export function referenceError(reference: Reference): number {
  const { scalar, values, gradients } = swept(reference);
  const found = [values.get(scalar.output)!, ...scalar.graph.inputs.map((id) => gradients.get(id)!)];
  const known = [reference.value, ...reference.gradients];
  return Math.max(...found.map((x, i) => Math.abs(x - known[i]!))) / reference.tolerance;
}

/** By what factor each gradient grows when the sweep is done a second time without clearing: what keeps its gradient is the choice. */
export function secondSweep(reference: Reference, keeps: 'leaves' | 'all values'): ReadonlyMap<number, number> {
  const { scalar, values, gradients } = swept(reference);
  const leaves = new Set(scalar.graph.inputs);
  const kept = new Map([...gradients].filter(([id]) => keeps === 'all values' || leaves.has(id)));
  const again = backwardGradients(scalar, values, { kept });
  return new Map([...again].map(([id, g]) => [id, g / gradients.get(id)!]));
}

/** One instruction: an operation on earlier values. */
interface Instruction {
  readonly op: keyof typeof operations;
  readonly a: number;
  readonly b: number;
}

interface Operation {
  readonly number: (x: number, y: number) => number;
  readonly tensor: (x: Tensor, y: Tensor) => Tensor;
  /** Whether the operation is smooth and tame here. */
  readonly isTame?: (x: number, y: number) => boolean;
}

const operations = {
  add: { number: (x, y) => x + y, tensor: add },
  sub: { number: (x, y) => x - y, tensor: sub },
  mul: { number: (x, y) => x * y, tensor: mul },
  div: { number: (x, y) => x / y, tensor: div, isTame: (_, y) => Math.abs(y) >= 0.1 },
  cube: { number: (x) => x ** 3, tensor: (x) => pow(x, 3), isTame: (x) => Math.abs(x) >= 0.1 },
  exp: { number: (x) => Math.exp(x), tensor: (x) => exp(x) },
  tanh: { number: (x) => Math.tanh(x), tensor: (x) => tanh(x) },
  relu: { number: (x) => Math.max(0, x), tensor: (x) => relu(x), isTame: (x) => Math.abs(x) >= 1e-3 },
  logistic: { number: (x) => 1 / (1 + Math.exp(-x)), tensor: (x) => logistic(x) },
} as const satisfies Record<string, Operation>;

const names = Object.keys(operations) as (keyof typeof operations)[];
const largest = 100;

/** A random expression of 1 to 25 operations on 1 to 5 inputs, and a point at which all of its values are tame. */
function randomExpression(draws: Draws): { readonly scalar: ScalarGraph; readonly at: readonly number[] } {
  const at = Array.from({ length: 1 + draws.below(5) }, () => draws.between(-2, 2));
  const values = [...at];
  const program: Instruction[] = [];
  const length = 1 + draws.below(25);
  while (program.length < length) {
    const one: Instruction = {
      op: names[draws.below(names.length)]!,
      a: draws.below(values.length),
      b: draws.below(values.length),
    };
    const { number, isTame = () => true }: Operation = operations[one.op];
    const [x, y] = [values[one.a]!, values[one.b]!];
    const value = number(x, y);
    if (!isTame(x, y) || !(Math.abs(value) <= largest)) continue;
    program.push(one);
    values.push(value);
  }
  const run = (...xs: Tensor[]): Tensor => {
    const all = [...xs];
    for (const { op, a, b } of program) all.push((operations[op] as Operation).tensor(all[a]!, all[b]!));
    return all.at(-1)!;
  };
  return {
    scalar: traceScalars(
      run,
      at.map((_, i) => `x${i + 1}`),
    ),
    at,
  };
}

/** The largest error of gradients against central differences over n random expressions: |difference − gradient| / max(1, |gradient|). */
export function randomExpressionError(lab: Lab, n: number): number {
  let worst = 0;
  for (let k = 0; k < n; k++) {
    const { scalar, at } = randomExpression(new Draws(lab.words('random expression', k)));
    const gradients = backwardGradients(scalar, forwardValues(scalar, at));
    for (const [i, id] of scalar.graph.inputs.entries()) {
      const g = gradients.get(id) ?? 0;
      worst = Math.max(worst, Math.abs(centralDifference(scalar, at, i) - g) / Math.max(1, Math.abs(g)));
    }
    if (k % 20 === 0) lab.step('random expressions', k / n);
  }
  return worst;
}

/** (f(x + h) − f(x − h)) / 2h with h = 1e-5·max(1, |x|). */
export function centralDifference(scalar: ScalarGraph, at: readonly number[], i: number): number {
  const h = 1e-5 * Math.max(1, Math.abs(at[i]!));
  const moved = (by: number) => forwardValues(scalar, at.with(i, at[i]! + by)).get(scalar.output)!;
  return (moved(h) - moved(-h)) / (2 * h);
}

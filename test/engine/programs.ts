/** Random tensor programs: a list of op choices drawn from bytes, so that the same bytes always give the same program. */

import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';

/** A program: a function of a few tensors, and the shapes it takes. */
export interface RandomProgram {
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...xs: Tensor[]) => Tensor;
}

/** Reads choices one after another; runs out gracefully into zeros. */
class Choices {
  readonly #bytes: readonly number[];
  #at = 0;
  constructor(bytes: readonly number[]) {
    this.#bytes = bytes;
  }
  below(n: number): number {
    return (this.#bytes[this.#at++] ?? 0) % n;
  }
}

type Step = (pool: readonly Tensor[]) => Tensor;

const EXTENTS = [1, 2, 3, 4, 5, 7, 9];

/** Makes a program from bytes: two or three inputs, then a chain of steps each of which reads earlier values. */
export function programFrom(bytes: readonly number[]): RandomProgram {
  const choices = new Choices(bytes);
  const shapes = Array.from({ length: 2 + choices.below(2) }, () =>
    Array.from({ length: choices.below(4) }, () => EXTENTS[choices.below(EXTENTS.length)]!),
  );
  const known = shapes.map((s) => [...s] as number[]);
  const steps: Step[] = [];
  const length = 3 + choices.below(10);
  for (let i = 0; i < length; i++) {
    const step = draw(choices, known);
    steps.push(step.run);
    known.push(step.shape);
  }
  const run = (...xs: Tensor[]): Tensor => {
    const pool = [...xs];
    for (const step of steps) pool.push(step(pool));
    return pool.slice(xs.length).reduce<Tensor>((total, x) => c.add(total, c.sum(x)), c.sum(pool[0]!));
  };
  return { shapes, run };
}

interface Drawn {
  readonly run: Step;
  readonly shape: number[];
}

function draw(choices: Choices, known: readonly (readonly number[])[]): Drawn {
  const k = choices.below(known.length);
  const shape = [...known[k]!];
  const kind = choices.below(15);
  const axis = shape.length === 0 ? -1 : choices.below(shape.length);
  const x = (pool: readonly Tensor[]): Tensor => pool[k]!;
  const same = (f: (t: Tensor) => Tensor): Drawn => ({ run: (pool) => f(x(pool)), shape });
  const smooth = SMOOTH[choices.below(SMOOTH.length)]!;
  if (kind <= 2 || axis < 0) return kind % 2 === 0 ? same(smooth) : binary(choices, known, k);
  switch (kind) {
    case 3:
      return { run: (pool) => c.sum(x(pool), axis), shape: shape.filter((_, i) => i !== axis) };
    case 4:
      return {
        run: (pool) => c.sum(x(pool), axis, { keepDims: true }),
        shape: shape.map((d, i) => (i === axis ? 1 : d)),
      };
    case 5:
      return { run: (pool) => c.transpose(x(pool)), shape: shape.toReversed() };
    case 6:
      return same((t) => c.flip(t, axis));
    case 7:
      return { run: (pool) => c.reshape(x(pool), [-1]), shape: [shape.reduce((a, b) => a * b, 1)] };
    case 8:
      return {
        run: (pool) => c.concat([x(pool), c.mul(x(pool), 0.5)], axis),
        shape: shape.map((d, i) => (i === axis ? 2 * d : d)),
      };
    case 9: {
      const stop = 1 + choices.below(shape[axis]!);
      return {
        run: (pool) => c.sliceAxis(x(pool), axis, 0, stop),
        shape: shape.map((d, i) => (i === axis ? stop : d)),
      };
    }
    case 10: {
      const widths = shape.map((_, i): [number, number] =>
        i === axis ? [choices.below(3), choices.below(2)] : [0, 0],
      );
      return {
        run: (pool) => c.pad(x(pool), widths, { value: 0.25 }),
        shape: shape.map((d, i) => d + widths[i]![0] + widths[i]![1]),
      };
    }
    case 11:
      return { run: (pool) => gram(x(pool)), shape: shape.length < 2 ? [] : [...shape.slice(0, -1), shape.at(-2)!] };
    case 12:
      return { run: (pool) => scanned(x(pool), axis), shape };
    case 13:
      // behind a product of its own: a choice that is known is no node, and cotangents of t would be added up in another order
      return same((t) => c.cond(c.gt(c.sum(t), 0), smooth, (u: Tensor) => c.mul(smooth(u), 0.5), c.mul(t, 0.9)));
    default:
      return binary(choices, known, k);
  }
}

/** A running mean along an axis, by a scan with a carry and a result per step. */
const scanned = (t: Tensor, axis: number): Tensor => {
  const xs = c.moveAxis(t, axis, 0);
  const first = c.mul(c.reshape(c.sliceAxis(xs, 0, 0, 1), xs.shape.slice(1)), 0.1);
  const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    const next = c.tanh(c.add(c.mul(h, 0.5), x));
    return [next, c.mul(next, h)];
  };
  return c.moveAxis(c.scan(step, first, xs)[1], 0, axis);
};

/** X·Xᵀ over the last two axes, scaled so that chains stay in range. */
const gram = (t: Tensor): Tensor =>
  t.rank < 2 ? c.mul(c.sum(c.mul(t, t)), 0.1) : c.mul(c.matmul(t, t, { transposeY: true }), 0.1);

/** Bounded smooth functions, so that long chains neither overflow nor cross kinks. */
const SMOOTH: readonly ((t: Tensor) => Tensor)[] = [
  (t) => c.div(t, c.add(c.mul(t, t), 1)),
  (t) => c.mul(t, 0.7),
  (t) => c.sub(0.3, t),
  (t) => c.neg(t),
  (t) => c.div(1, c.add(c.mul(t, t), 2)),
  (t) => c.tanh(t),
  (t) => c.sin(t),
  (t) => c.logistic(t),
  (t) => c.exp(c.neg(c.mul(t, t))),
];

function binary(choices: Choices, known: readonly (readonly number[])[], k: number): Drawn {
  const shape = [...known[k]!];
  const partners = known.flatMap((s, i) => (broadcasts(s, shape) ? [i] : []));
  const j = partners[choices.below(partners.length)]!;
  const f = [c.add, c.sub, c.mul, (a: Tensor, b: Tensor) => c.div(a, c.add(c.mul(b, b), 1))][choices.below(4)]!;
  return { run: (pool) => c.mul(f(pool[k]!, pool[j]!), 0.5), shape };
}

/** Whether `a` broadcasts to `to` without enlarging it. */
const broadcasts = (a: readonly number[], to: readonly number[]): boolean =>
  a.length <= to.length && a.every((d, i) => d === 1 || d === to[to.length - a.length + i]);

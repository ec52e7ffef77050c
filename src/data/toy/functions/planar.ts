/**
 * Test functions of two coordinates, with the boxes of a public collection of 78 functions (forward-gradient benchmark of G. Belouze, arXiv:2209.06302).
 *
 * Schaffer 2 and 3 as the official code has them: textbooks write x² − y² for x² + y². Drop-Wave and the functions of Schaffer have many minima although the collection calls them unimodal.
 */
import type { Tensor } from '../../../engine/index.ts';
import { abs, add, cos, div, exp, mul, neg, pow, sin, square, sub } from '../../../engine/index.ts';
import { around, coordinate, type FunctionSpec, rootOf, type TestFunction, testFunction } from './function.ts';

interface PlanarSpec extends Omit<FunctionSpec, 'f'> {
  /** x, y and q = x² + y². */
  readonly f: (x: Tensor, y: Tensor, q: Tensor) => Tensor;
}

const schaffer = (s: Tensor, q: Tensor): Tensor => add(0.5, div(sub(s, 0.5), square(add(1, mul(0.001, q)))));

const table: Readonly<Record<string, PlanarSpec>> = {
  'ackley-2': { box: around(32), minimum: -200, f: (_x, _y, q) => mul(-200, exp(mul(-0.2, rootOf(q)))) },
  beale: {
    box: around(4.5),
    at: [3, 0.5],
    f: (x, y) =>
      [1.5, 2.25, 2.625]
        .map((c, i) => square(add(c, sub(mul(x, i === 0 ? y : pow(y, i + 1)), x))))
        .reduce((a, b) => add(a, b)),
  },
  'bohachevsky-1': {
    box: around(100),
    f: (x, y) => {
      const waves = add(mul(0.3, cos(mul(3 * Math.PI, x))), mul(0.4, cos(mul(4 * Math.PI, y))));
      return add(sub(add(square(x), mul(2, square(y))), waves), 0.7);
    },
  },
  booth: {
    box: around(10),
    at: [1, 3],
    f: (x, y) => add(square(sub(add(x, mul(2, y)), 7)), square(sub(add(mul(2, x), y), 5))),
  },
  brent: {
    box: [-20, 0],
    minimum: Math.exp(-200),
    at: [-10, -10],
    f: (x, y, q) => add(add(square(add(x, 10)), square(add(y, 10))), exp(neg(q))),
  },
  'drop-wave': {
    title: 'Drop-Wave',
    box: around(5.2),
    minimum: -1,
    f: (_x, _y, q) => neg(div(add(1, cos(mul(12, rootOf(q)))), add(mul(0.5, q), 2))),
  },
  leon: {
    box: [0, 10],
    at: [1, 1],
    f: (x, y) => add(mul(100, square(sub(y, pow(x, 3)))), square(sub(1, x))),
  },
  matyas: { box: around(10), f: (x, y, q) => sub(mul(0.26, q), mul(0.48, mul(x, y))) },
  'schaffer-1': { box: around(100), f: (_x, _y, q) => schaffer(square(sin(square(q))), q) },
  'schaffer-2': { box: around(4), f: (_x, _y, q) => schaffer(square(sin(q)), q) },
  'schaffer-3': {
    box: around(4),
    minimum: 0.00156685,
    at: [0, 1.253115],
    f: (_x, _y, q) => schaffer(square(sin(cos(q))), q),
  },
  'schaffer-4': {
    box: around(4),
    minimum: 0.292579,
    at: [0, 1.253132],
    f: (x, y, q) => schaffer(square(cos(sin(abs(sub(square(x), square(y)))))), q),
  },
  'three-hump': {
    title: 'Three-Hump Camel',
    box: around(5),
    f: (x, y) => {
      const hump = add(sub(mul(2, square(x)), mul(1.05, pow(x, 4))), div(pow(x, 6), 6));
      return add(hump, add(mul(x, y), square(y)));
    },
  },
};

/** The 13 functions of the benchmark that exist for two coordinates only. */
export const planarFunctions: readonly TestFunction[] = Object.entries(table).map(([id, { f, ...rest }]) =>
  testFunction(id, true, {
    ...rest,
    f: (p) => {
      const [x, y] = [coordinate(p, 0), coordinate(p, 1)];
      return f(x, y, add(square(x), square(y)));
    },
  }),
);

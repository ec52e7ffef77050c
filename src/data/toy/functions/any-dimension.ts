/**
 * Test functions for any number of coordinates, with the boxes of a public collection of 78 functions (forward-gradient benchmark of G. Belouze, arXiv:2209.06302).
 *
 * Brown compares neighbours, as textbooks do. Griewank and the functions of Yang have many minima although the collection calls them unimodal.
 */
import type { Tensor } from '../../../engine/index.ts';
import {
  abs,
  add,
  cos,
  div,
  exp,
  gt,
  log,
  max,
  mul,
  neg,
  pow,
  prod,
  reshape,
  sin,
  sqrt,
  square,
  sub,
  sum,
  where,
} from '../../../engine/index.ts';
import {
  around,
  coordinate,
  counting,
  type FunctionSpec,
  neighbours,
  positivePart,
  rootOf,
  type TestFunction,
  testFunction,
} from './function.ts';

const table: Readonly<Record<string, FunctionSpec>> = {
  brown: { box: [-1, 4], f: (x) => brown(...neighbours(x)) },
  'dixon-price': {
    title: 'Dixon–Price',
    box: around(10),
    at: (d) => Array.from({ length: d }, (_, i) => 2 ** -((2 ** (i + 1) - 2) / 2 ** (i + 1))),
    f: (x) => {
      const [later, earlier] = neighbours(x);
      const rest = mul(add(counting(later), 1), square(sub(mul(2, square(later)), earlier)));
      return add(square(sub(coordinate(x, 0), 1)), sum(rest));
    },
  },
  exponential: { box: around(1), minimum: -1, f: (x) => neg(exp(mul(-0.5, sum(square(x))))) },
  griewank: {
    box: around(600),
    f: (x) => add(1, sub(div(sum(square(x)), 4000), prod(cos(div(x, sqrt(counting(x))))))),
  },
  perm: {
    title: 'Perm(0, d, 10)',
    box: (d) => around(d),
    at: (d) => Array.from({ length: d }, (_, i) => 1 / (i + 1)),
    f: (x, d) => perm(x, d),
  },
  powell: { title: 'Powell sum', box: around(1), f: (x) => sum(pow(abs(x), add(counting(x), 1))) },
  ridge: {
    box: around(5),
    minimum: -5,
    at: (d) => Array.from({ length: d }, (_, i) => (i === 0 ? -5 : 0)),
    isBounded: true,
    f: (x) =>
      add(
        coordinate(x, 0),
        mul(
          2,
          positivePart(sum(square(neighbours(x)[0])), (q) => pow(q, 0.1)),
        ),
      ),
  },
  'rotated-hyper-ellipsoid': {
    box: around(65.536),
    f: (x, d) => sum(mul(sub(d + 1, counting(x)), square(x))),
  },
  'schwefel-2-20': { title: 'Schwefel 2.20', box: around(100), f: (x) => sum(abs(x)) },
  'schwefel-2-21': { title: 'Schwefel 2.21', box: around(100), f: (x) => max(abs(x)) },
  'schwefel-2-22': { title: 'Schwefel 2.22', box: around(100), f: (x) => add(sum(abs(x)), prod(abs(x))) },
  'schwefel-2-23': { title: 'Schwefel 2.23', box: around(10), f: (x) => sum(pow(x, 10)) },
  sphere: { box: around(5.12), f: (x) => sum(square(x)) },
  'sum-squares': { box: around(10), f: (x) => sum(mul(counting(x), square(x))) },
  trid: {
    box: (d) => around(d * d),
    minimum: (d) => (-d * (d + 4) * (d - 1)) / 6,
    at: (d) => Array.from({ length: d }, (_, i) => (i + 1) * (d - i)),
    f: (x) => {
      const [later, earlier] = neighbours(x);
      return sub(sum(square(sub(x, 1))), sum(mul(later, earlier)));
    },
  },
  'xin-she-yang-3': {
    title: 'Xin-She Yang 3',
    box: around(2 * Math.PI),
    minimum: -1,
    f: (x) => sub(exp(neg(sum(pow(div(x, 15), 10)))), mul(2, mul(exp(neg(sum(square(x)))), prod(square(cos(x)))))),
  },
  'xin-she-yang-4': {
    title: 'Xin-She Yang 4',
    box: around(10),
    minimum: (d) => -d,
    f: (x, d) => {
      const well = mul(d, exp(neg(square(sum(x)))));
      return mul(sub(sum(square(sin(x))), well), exp(neg(sum(square(sin(rootOf(abs(x))))))));
    },
  },
  zakharov: {
    box: [-5, 10],
    f: (x) => {
      const s = mul(0.5, sum(mul(counting(x), x)));
      return add(sum(square(x)), add(square(s), pow(s, 4)));
    },
  },
};

/** Σ (a²)^(b² + 1) + (b²)^(a² + 1) over neighbours a, b. */
function brown(later: Tensor, earlier: Tensor): Tensor {
  const [a, b] = [square(earlier), square(later)];
  const power = (x: Tensor, y: Tensor): Tensor => {
    const isPositive = gt(x, 0);
    const safe = where(isPositive, x, 1); // xʸ·log x → 0 at x = 0
    return where(isPositive, exp(mul(add(y, 1), log(safe))), 0);
  };
  return sum(add(power(a, b), power(b, a)));
}

/** Σᵢ (Σⱼ (j + 10)(xⱼⁱ − j⁻ⁱ))². */
function perm(x: Tensor, d: number): Tensor {
  const j = counting(x);
  const i = reshape(j, [d, 1]);
  const gaps = sub(pow(reshape(x, [1, d]), i), pow(j, neg(i))); // (i, j)
  return sum(square(sum(mul(add(j, 10), gaps), 1)));
}

/** The 18 functions of the benchmark that exist for every number of coordinates. */
export const scalableFunctions: readonly TestFunction[] = Object.entries(table).map(([id, spec]) =>
  testFunction(id, false, spec),
);

/** Σ 100(x_{i+1} − x_i²)² + (1 − x_i)². */
export const rosenbrock: TestFunction = testFunction('rosenbrock', false, {
  box: [-5, 10],
  at: (d) => Array.from({ length: d }, () => 1),
  f: (x) => {
    const [later, earlier] = neighbours(x);
    return sum(add(mul(100, square(sub(later, square(earlier)))), square(sub(1, earlier))));
  },
});

/** Where Styblinski–Tang is least: the smallest root of 4x³ − 32x + 5. */
const LOWEST = -2.903534027771177;

/** ½Σ(x⁴ − 16x² + 5x); its least value is −39.166…·d. */
export const styblinskiTang: TestFunction = testFunction('styblinski-tang', false, {
  title: 'Styblinski–Tang',
  box: around(5),
  minimum: (d) => (d * (LOWEST ** 4 - 16 * LOWEST ** 2 + 5 * LOWEST)) / 2,
  at: (d) => Array.from({ length: d }, () => LOWEST),
  f: (x) => mul(0.5, sum(add(sub(square(square(x)), mul(16, square(x))), mul(5, x)))),
});

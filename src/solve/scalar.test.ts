import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { brentMinimum, goldenSection } from './minimum.ts';
import { gaussLegendre, integrate, integrateWith } from './quadrature.ts';
import { findRoot, newtonRoot } from './root.ts';

describe('roots', () => {
  const functions: [
    name: string,
    f: (x: number) => number,
    slope: (x: number) => number,
    low: number,
    high: number,
    root: number,
  ][] = [
    ['x² − 2', (x) => x * x - 2, (x) => 2 * x, 0, 2, Math.SQRT2],
    ['eˣ − 10', (x) => Math.exp(x) - 10, Math.exp, -5, 50, Math.LN10],
    ['a steep tanh', (x) => Math.tanh(100 * (x - 0.3)), (x) => 100 / Math.cosh(100 * (x - 0.3)) ** 2, -1, 1, 0.3],
    ['falling 1/x − 4', (x) => 1 / x - 4, (x) => -1 / (x * x), 1e-3, 10, 0.25],
  ];

  it.each(functions)('of %s are found to the last digits by both methods', (_, f, slope, low, high, root) => {
    const brent = findRoot(f, low, high);
    expect(Math.abs(brent.x / root - 1)).toBeLessThan(1e-14);
    expect([brent.converged, brent.iterations < 60]).toEqual([true, true]);
    const newton = newtonRoot((x) => [f(x), slope(x)], low, high);
    expect(Math.abs(newton.x / root - 1)).toBeLessThan(1e-14);
    expect(newton.converged).toBe(true);
  });

  it('take few evaluations on smooth functions', () => {
    let calls = 0;
    findRoot(
      (x) => {
        calls++;
        return Math.cos(x) - x;
      },
      0,
      1,
    );
    expect(calls).toBeLessThan(12);
  });

  it('at an end of the interval, of high order, or not to be reached', () => {
    expect(findRoot((x) => x, 0, 1).x).toBe(0);
    expect(newtonRoot((x) => [x - 1, 1], 0, 1).x).toBe(1);
    expect(Math.abs(findRoot((x) => (x - 0.4) ** 3, 0, 1).x - 0.4)).toBeLessThan(1e-5);
    expect(findRoot((x) => x - 0.7654, 0, 1, { maxIterations: 1 }).converged).toBe(false);
  });

  it('need a change of sign', () => {
    expect(() => findRoot((x) => x * x + 1, -1, 1)).toThrow('f(-1) = 2 and f(1) = 2 do not have opposite signs');
    expect(() => newtonRoot((x) => [x, 1], 2, 1)).toThrow(ConfigError);
  });
});

describe('minima on a line', () => {
  for (const method of [goldenSection, brentMinimum]) {
    it(`${method.name} finds valleys, ends and kinks`, () => {
      expect(method((x) => (x - 0.3) ** 2 + 1, -4, 7).x).toBeCloseTo(0.3, 6);
      expect(method((x) => Math.abs(x + 2), -5, 3).x).toBeCloseTo(-2, 6);
      expect(method((x) => x, 1, 2).x).toBeCloseTo(1, 6);
      expect(method((x) => x - Math.log(x), 0.1, 9)).toMatchObject({ value: expect.closeTo(1, 12), converged: true });
      expect(method((x) => x * x, -1, 2, { maxIterations: 5 })).toMatchObject({ converged: false, evaluations: 5 });
    });
  }

  it('golden section costs ln(width)/ln 0.618 evaluations, a parabola much less', () => {
    const f = (x: number) => Math.exp(x) - 2 * x;
    const golden = goldenSection(f, 0, 1, { tolerance: 1e-7 }).evaluations;
    expect(Math.abs(golden - 2 - Math.log(2e-7 * Math.LN2) / Math.log(0.6180339887))).toBeLessThanOrEqual(1);
    expect(brentMinimum(f, 0, 1, { tolerance: 1e-7 }).evaluations).toBeLessThan(golden / 2);
  });
});

describe('Gauss–Legendre rules', () => {
  it('have the printed nodes and weights (Abramowitz, Stegun, table 25.4, n = 5)', () => {
    const { nodes, weights } = gaussLegendre(5);
    const expected = [
      [0, 0.568888888888889],
      [0.538469310105683, 0.478628670499366],
      [0.906179845938664, 0.236926885056189],
    ] as const;
    expected.forEach(([x, w], i) => {
      expect([nodes[2 + i], nodes[2 - i]]).toEqual([expect.closeTo(x, 14), expect.closeTo(-x, 14)]);
      expect(weights[2 + i]).toBeCloseTo(w, 14);
    });
  });

  it('are exact up to degree 2n − 1, and not beyond', () => {
    for (const n of [1, 2, 7, 20, 64]) {
      const rule = gaussLegendre(n);
      const moment = (k: number) => integrateWith(rule, (x) => x ** k, -1, 1);
      for (let k = 0; k <= 2 * n - 2; k += 2) expect(moment(k)).toBeCloseTo(2 / (k + 1), 13);
      if (n <= 7) expect(Math.abs(moment(2 * n) - 2 / (2 * n + 1))).toBeGreaterThan(1e-5);
    }
    expect(integrateWith(gaussLegendre(3), (x) => x ** 5, 1, 2)).toBeCloseTo(63 / 6, 13);
    expect(() => gaussLegendre(0)).toThrow(ConfigError);
  });
});

describe('adaptive quadrature', () => {
  it('knows classical integrals', () => {
    const cases: [f: (x: number) => number, a: number, b: number, exact: number][] = [
      [Math.sin, 0, Math.PI, 2],
      [(x) => 1 / (1 + 25 * x * x), -1, 1, (2 / 5) * Math.atan(5)],
      [Math.sqrt, 0, 1, 2 / 3],
      [Math.log, 0, 1, -1],
      [(x) => Math.abs(x - 0.3), 0, 1, 0.5 * (0.09 + 0.49)],
      [(x) => Math.exp(-x * x), -Infinity, Infinity, Math.sqrt(Math.PI)],
      [(x) => Math.exp(-x), 1, Infinity, Math.exp(-1)],
      [(x) => Math.exp(x), -Infinity, 0.5, Math.exp(0.5)],
      [Math.sin, Math.PI, 0, -2],
    ];
    for (const [f, a, b, exact] of cases) {
      const found = integrate(f, a, b);
      expect(found.converged).toBe(true);
      expect(Math.abs(found.value - exact)).toBeLessThan(1e-9);
    }
  });

  it('Kronrod’s rule is exact to degree 22 with one interval', () => {
    for (let k = 0; k <= 22; k++) {
      const { value } = integrate((x) => x ** k, 0, 1, { maxIntervals: 1 });
      expect(Math.abs(value * (k + 1) - 1)).toBeLessThan(1e-14);
    }
    const { error } = integrate((x) => x ** 12, 0, 1, { maxIntervals: 1 });
    expect(error).toBeLessThan(1e-15); // Gauss’s seven nodes are exact to degree 13
  });

  it('counts evaluations and says when it gives up', () => {
    let calls = 0;
    const found = integrate(
      (x) => {
        calls++;
        return Math.sqrt(Math.abs(x - 1 / 3));
      },
      0,
      1,
      {
        maxIntervals: 4,
        absolute: 1e-14,
        relative: 1e-14,
      },
    );
    expect([found.converged, found.evaluations]).toEqual([false, calls]);
    expect(() => integrate(Math.sin, 0, Number.NaN)).toThrow(ConfigError);
  });
});

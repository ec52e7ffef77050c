import { describe, expect, it } from 'vitest';
import type { Tensor, Tree } from '../engine/index.ts';
import { jit, tensor } from '../engine/index.ts';
import { lookahead } from './lookahead.ts';
import type { Optimizer } from './optimizer.ts';
import { applyUpdates } from './optimizer.ts';
import { adam, sgd } from './presets.ts';
import { adabelief, adadelta, lamb, lbfgs, lion } from './presets-more.ts';
import { scaleByLbfgs } from './quasi-newton.ts';
import { credits, reference, start, trajectory } from './testing.ts';

function expectClose(found: readonly number[][], wanted: readonly number[][]): void {
  found.forEach((row, t) => {
    row.forEach((x, i) => {
      expect(Math.abs(x - wanted[t]![i]!), `step ${t}, coordinate ${i}: ${x} beside ${wanted[t]![i]}`).toBeLessThan(
        1e-11 * Math.max(1, Math.abs(x)),
      );
    });
  });
}

const rows: Record<string, [Optimizer, () => (p: number, g: number, t: number) => number]> = {
  'adabelief with decoupled decay': [
    adabelief({ learningRate: 0.01, weightDecay: 0.1, eps: 1e-8 }),
    () => {
      let [m, s] = [0, 0];
      return (p, g, t) => {
        m = 0.9 * m + 0.1 * g;
        s = 0.999 * s + 0.001 * (g - m) ** 2 + 1e-8;
        const step = m / (1 - 0.9 ** t) / (Math.sqrt(s / (1 - 0.999 ** t)) + 1e-8);
        return p - 0.01 * (step + 0.1 * p);
      };
    },
  ],
  'adabelief with ε outside of the root only': [
    adabelief({ learningRate: 0.01, eps: 1e-4, isEpsInside: false }),
    () => {
      let [m, s] = [0, 0];
      return (p, g, t) => {
        m = 0.9 * m + 0.1 * g;
        s = 0.999 * s + 0.001 * (g - m) ** 2;
        return p - (0.01 * (m / (1 - 0.9 ** t))) / (Math.sqrt(s / (1 - 0.999 ** t)) + 1e-4);
      };
    },
  ],
  'adadelta, as in PyTorch’s documentation': [
    adadelta({ learningRate: 0.5, weightDecay: 0.05 }),
    () => {
      let [v, u] = [0, 0];
      return (p, g0) => {
        const g = g0 + 0.05 * p;
        v = 0.9 * v + 0.1 * g * g;
        const d = (Math.sqrt(u + 1e-6) / Math.sqrt(v + 1e-6)) * g;
        u = 0.9 * u + 0.1 * d * d;
        return p - 0.5 * d;
      };
    },
  ],
  lion: [
    lion({ learningRate: 0.01, weightDecay: 0.2 }),
    () => {
      let m = 0;
      return (p, g) => {
        const c = Math.sign(0.9 * m + 0.1 * g);
        m = 0.99 * m + 0.01 * g;
        return p - 0.01 * (c + 0.2 * p);
      };
    },
  ],
  'lookahead over plain descent': [
    lookahead(sgd({ learningRate: 0.1 }), { every: 3, share: 0.4 }),
    () => {
      let slow = Number.NaN;
      return (p, g, t) => {
        if (t === 1) slow = p;
        const fast = p - 0.1 * g;
        if (t % 3 !== 0) return fast;
        slow += 0.4 * (fast - slow);
        return slow;
      };
    },
  ],
};

describe('optimisers follow their published recurrences', () => {
  for (const [name, [optimizer, coordinate]] of Object.entries(rows)) {
    it(name, () => expectClose(trajectory(optimizer, start, credits), reference(start, credits, coordinate)));
  }

  it('lamb scales each leaf’s step to the leaf’s length', () => {
    const [m, v] = [start.map(() => 0), start.map(() => 0)];
    let p = [...start];
    const norm = (x: readonly number[]): number => Math.hypot(...x);
    const wanted = credits.map((g, k) => {
      const r = p.map((w, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
        v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
        return m[i]! / (1 - 0.9 ** (k + 1)) / (Math.sqrt(v[i]! / (1 - 0.999 ** (k + 1))) + 1e-6) + 0.1 * w;
      });
      p = p.map((w, i) => w - ((0.02 * norm(p)) / norm(r)) * r[i]!);
      return p;
    });
    expectClose(trajectory(lamb({ learningRate: 0.02, weightDecay: 0.1 }), start, credits), wanted);
    const still = trajectory(lamb({ learningRate: 0.5 }), [0, 0], [[3, -4]])[0]!; // length 0: the step is Adam's
    expectClose([still], trajectory(adam({ learningRate: 0.5, eps: 1e-6 }), [0, 0], [[3, -4]]));
  });
});

describe('L-BFGS as an optimiser', () => {
  const matrix = [
    [4, 1, 0],
    [1, 3, -1],
    [0, -1, 2],
  ];
  const gradient = (x: readonly number[]): number[] => matrix.map((row) => row.reduce((z, a, j) => z + a * x[j]!, 0));

  /** The dense BFGS inverse from γ·I over pairs, the oldest first: H ← (I − ρsyᵀ)·H·(I − ρysᵀ) + ρssᵀ. */
  function denseInverse(pairs: readonly (readonly [number[], number[]])[]): number[][] {
    const dot = (a: number[], b: number[]): number => a.reduce((z, v, i) => z + v * b[i]!, 0);
    const [lastS, lastY] = pairs.at(-1)!;
    const gamma = dot(lastS, lastY) / dot(lastY, lastY);
    let h = lastS.map((_, i) => lastS.map((_, j) => (i === j ? gamma : 0)));
    for (const [s, y] of pairs) {
      const rho = 1 / dot(s, y);
      const left = s.map((_, i) => s.map((_, j) => (i === j ? 1 : 0) - rho * s[i]! * y[j]!));
      const times = (a: number[][], b: number[][]): number[][] =>
        a.map((row) => b[0]!.map((_, j) => row.reduce((z, v, k) => z + v * b[k]![j]!, 0)));
      const right = left[0]!.map((_, j) => left.map((row) => row[j]!));
      h = times(times(left, h), right).map((row, i) => row.map((v, j) => v + rho * s[i]! * s[j]!));
    }
    return h;
  }

  it('passes on H·g of the dense BFGS matrix over the pairs it remembers', () => {
    const optimizer = scaleByLbfgs({ memory: 3 });
    let state = optimizer.init({ w: tensor([0, 0, 0], { dtype: 'f64' }) });
    const points = [
      [1, 2, -1],
      [0.4, 1.5, -0.2],
      [0.1, 0.9, 0.3],
      [-0.5, 0.6, 0.8],
      [0.2, -0.3, 0.5],
    ];
    points.forEach((x, k) => {
      const params = { w: tensor(x, { dtype: 'f64' }) };
      const g = gradient(x);
      const [step, next] = optimizer.update({ w: tensor(g, { dtype: 'f64' }) }, state, { params });
      state = next;
      const found = (step as { w: Tensor }).w.toArray() as number[];
      if (k === 0) {
        const size = g.reduce((z, v) => z + Math.abs(v), 0);
        expectClose([found], [g.map((v) => v * Math.min(1, 1 / size))]);
        return;
      }
      const pairs = points
        .slice(1, k + 1)
        .map((to, i): [number[], number[]] => [
          to.map((v, j) => v - points[i]![j]!),
          gradient(to).map((v, j) => v - gradient(points[i]!)[j]!),
        ]);
      const h = denseInverse(pairs.slice(-3));
      expectClose([found], [h.map((row) => row.reduce((z, v, j) => z + v * g[j]!, 0))]);
    });
  });

  it('solves a quadratic in few steps, compiled as eager, and leaves out pairs without curvature', () => {
    const optimizer = lbfgs();
    const step = jit(
      (credit: Tree, state: Tree, params: Tree) => [...optimizer.update(credit, state, { params })] as const,
    );
    let params: Tree = { w: tensor([1, 2, -1], { dtype: 'f64' }) };
    let state = optimizer.init(params);
    for (let t = 0; t < 20; t++) {
      const x = (params as { w: Tensor }).w.toArray() as number[];
      const [moved, next]: readonly [Tree, unknown] = step({ w: tensor(gradient(x), { dtype: 'f64' }) }, state, params);
      params = applyUpdates(params, moved as Tree);
      state = next as never;
    }
    expect(Math.hypot(...((params as { w: Tensor }).w.toArray() as number[]))).toBeLessThan(1e-10);
    const concave = trajectory(lbfgs(), [1], [[-1], [-4], [-9]]); // credit falls along the step: s·y < 0
    expectClose(concave, [[2], [3], [4]]); // every step is g·min(1, 1/|g|)
  });
});

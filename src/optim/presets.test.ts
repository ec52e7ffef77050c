import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd } from './presets.ts';
import { cosine } from './schedule.ts';
import { credits, reference, start, trajectory } from './testing.ts';

function expectClose(found: readonly number[][], wanted: readonly number[][]): void {
  found.forEach((row, t) => {
    row.forEach((x, i) => {
      expect(Math.abs(x - wanted[t]![i]!), `step ${t}, coordinate ${i}: ${x} beside ${wanted[t]![i]}`).toBeLessThan(
        1e-12 * Math.max(1, Math.abs(x)),
      );
    });
  });
}

/** One row: our optimiser, and the recurrence for one coordinate from its paper or PyTorch's documentation. */
const rows: Record<string, [Optimizer, () => (p: number, g: number, t: number) => number]> = {
  'plain descent': [sgd({ learningRate: 0.1 }), () => (p, g) => p - 0.1 * g],
  'coupled weight decay': [sgd({ learningRate: 0.1, weightDecay: 0.02 }), () => (p, g) => p - 0.1 * (g + 0.02 * p)],
  momentum: [
    momentum({ learningRate: 0.05 }),
    () => {
      let v = 0;
      return (p, g) => {
        v = 0.9 * v + g;
        return p - 0.05 * v;
      };
    },
  ],
  'momentum with dampening and decay: the first step is undamped': [
    sgd({ learningRate: 0.05, momentum: 0.8, dampening: 0.3, weightDecay: 0.1 }),
    () => {
      let v = Number.NaN;
      return (p, g0, t) => {
        const g = g0 + 0.1 * p;
        v = t === 1 ? g : 0.8 * v + 0.7 * g;
        return p - 0.05 * v;
      };
    },
  ],
  'nesterov momentum': [
    nesterov({ learningRate: 0.05, momentum: 0.7 }),
    () => {
      let v = 0;
      return (p, g) => {
        v = 0.7 * v + g;
        return p - 0.05 * (g + 0.7 * v);
      };
    },
  ],
  adagrad: [
    adagrad({ learningRate: 0.1, initial: 0.2 }),
    () => {
      let s = 0.2;
      return (p, g) => {
        s += g * g;
        return p - (0.1 * g) / (Math.sqrt(s) + 1e-10);
      };
    },
  ],
  rmsprop: [
    rmsprop({ learningRate: 0.01, decay: 0.9 }),
    () => {
      let v = 0;
      return (p, g) => {
        v = 0.9 * v + 0.1 * g * g;
        return p - (0.01 * g) / (Math.sqrt(v) + 1e-8);
      };
    },
  ],
  'centred rmsprop with momentum': [
    rmsprop({ learningRate: 0.01, decay: 0.9, isCentered: true, momentum: 0.5, eps: 1e-4 }),
    () => {
      let [v, a, b] = [0, 0, 0];
      return (p, g) => {
        v = 0.9 * v + 0.1 * g * g;
        a = 0.9 * a + 0.1 * g;
        b = 0.5 * b + g / (Math.sqrt(v - a * a) + 1e-4);
        return p - 0.01 * b;
      };
    },
  ],
  'adam with L2': [adam({ learningRate: 0.01, weightDecay: 0.1 }), () => adamCoordinate(0.01, 0.1, 0)],
  adamw: [adamw({ learningRate: 0.01, weightDecay: 0.1 }), () => adamCoordinate(0.01, 0, 0.1)],
  'adam with ε inside the root': [
    adam({ learningRate: 0.01, eps: 1e-4, isEpsInside: true }),
    () => {
      let [m, v] = [0, 0];
      return (p, g, t) => {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        return p - (0.01 * (m / (1 - 0.9 ** t))) / Math.sqrt(v / (1 - 0.999 ** t) + 1e-4);
      };
    },
  ],
  'a scheduled rate counts steps from 0': [
    sgd({ learningRate: cosine({ rate: 0.2, steps: 10 }) }),
    () => (p, g, t) => p - 0.1 * (1 + Math.cos((Math.PI * Math.min(10, t - 1)) / 10)) * g,
  ],
};

/** Algorithm 2 of Loshchilov & Hutter, with the decay multiplied by the rate as PyTorch does. */
function adamCoordinate(rate: number, l2: number, decoupled: number): (p: number, g: number, t: number) => number {
  let [m, v] = [0, 0];
  return (p, g0, t) => {
    const g = g0 + l2 * p;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const decayed = p * (1 - rate * decoupled);
    return decayed - (rate * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  };
}

describe('optimisers follow their published recurrences', () => {
  for (const [name, [optimizer, coordinate]] of Object.entries(rows)) {
    it(name, () => expectClose(trajectory(optimizer, start, credits), reference(start, credits, coordinate)));
  }
});

it('refuses options out of range', () => {
  expect(() => adam({ beta1: 1 })).toThrow(ConfigError);
  expect(() => sgd({ learningRate: -1 })).toThrow(/rate is -1/);
  expect(() => sgd({ learningRate: 1, momentum: 0.9, nesterov: true, dampening: 0.1 })).toThrow(
    /nesterov needs dampening 0/,
  );
});

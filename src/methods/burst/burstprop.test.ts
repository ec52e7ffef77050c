import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../engine/index.ts';
import { dense, type Model, model, mse } from '../../nn/index.ts';
import type { Layer } from '../../nn/layer.ts';
import { backprop } from '../backprop.ts';
import { callOf, creditOf, distance, inF64, numbersOf } from '../testing/cases.ts';
import { burstprop } from './burstprop.ts';

const sigmoid = (units: number): Layer =>
  dense({ units, activation: 'logistic', init: { distribution: 'normal', mode: 'fanAverage', gain: 2 } });
const net = (): Model => model([4], [sigmoid(5), sigmoid(4), sigmoid(3)]);
const halfSquares = mse({ features: 'half-sum' });

type Matrix = number[][];
const rows = (t: Tensor): Matrix => {
  const [n, m] = t.shape as [number, number];
  const v = t.readSync();
  return Array.from({ length: n }, (_, i) => Array.from({ length: m }, (_, j) => v[i * m + j]!));
};
const times = (a: Matrix, b: Matrix): Matrix =>
  a.map((r) => b[0]!.map((_, j) => r.reduce((s, x, k) => s + x * b[k]![j]!, 0)));
const turned = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((r) => r[j]!));
const zip = (f: (x: number, y: number) => number, a: Matrix, b: Matrix): Matrix =>
  a.map((r, i) => r.map((x, j) => f(x, b[i]![j]!)));
const sigma = (x: number): number => 1 / (1 + Math.exp(-x));

describe('burstprop', () => {
  it('is the difference of the two phases, written out as plain sums', () => {
    inF64(() => {
      for (const lateralRate of [0, 0.1]) {
        const rule = burstprop({ raw: true, lateralRate });
        const call = callOf(rule, net(), { loss: halfSquares });
        const { credit, state } = creditOf(rule, call);
        const layers = call.params as unknown as { w: Tensor; b: Tensor }[];
        const e: Matrix[] = [rows(call.batch.x)];
        for (const { w } of layers) e.push(times(e.at(-1)!, rows(w)).map((r) => r.map(sigma))); // biases start at 0
        const labels = [...call.batch.y.readSync()];
        const p = e[3]!.map((r, i) => r.map((x, j) => 0.2 + 0.2 * ((labels[i] === j ? 1 : 0) - x) * (1 - x)));
        let [calm, told] = [e[3]!.map((r) => r.map((x) => 0.2 * x)), zip((a, b) => a * b, p, e[3]!)];
        const d: Matrix[] = [zip((a, b) => a - b, told, calm)];
        const moves: number[] = [];
        for (const l of [1, 0]) {
          const y = turned(rows(call.state.feedback.y[l]!));
          const own = e[l + 1]!;
          const heard = times(calm, y);
          const expected = zip((u, x) => sigma(u) * x, heard, own);
          const r = call.state.lateral[l];
          const cancelled = r === undefined ? heard.map((row) => row.map(() => 0)) : times(expected, turned(rows(r)));
          const argument = (b: Matrix): Matrix =>
            zip(
              (a, c) => a - c,
              zip((u, x) => u * (1 - x), times(b, y), own),
              cancelled,
            );
          const bursts = (b: Matrix): Matrix => zip((a, x) => sigma(a) * x, argument(b), own);
          if (r !== undefined) {
            const step = times(turned(argument(calm)), expected).flat();
            moves.unshift(...step.map((v) => (v * lateralRate) / 4));
          }
          [calm, told] = [bursts(calm), bursts(told)];
          d.unshift(zip((a, b) => a - b, told, calm));
        }
        const changes = d.map((of, l) =>
          times(turned(e[l]!), of)
            .flat()
            .map((v) => -v / 4),
        );
        const own = (credit as unknown as { w: Tensor }[]).map(({ w }) => numbersOf(w));
        for (const [l, w] of own.entries()) expect(distance(w, changes[l]!), `layer ${l}`).toBeLessThan(1e-11);
        const moved = state.lateral.flatMap((w, l) =>
          [...zip((a, b) => a - b, rows(w), rows(call.state.lateral[l]!))].flat(),
        );
        expect(moved.length).toBe(moves.length);
        if (moves.length > 0) expect(distance(moved, moves)).toBeLessThan(1e-12);
      }
    });
  });

  it('is exact at the output and shorter below it', () => {
    inF64(() => {
      const rule = burstprop({ feedback: 'tied' });
      const call = callOf(rule, net(), { loss: halfSquares });
      const [own, exact] = [creditOf(rule, call), creditOf(backprop(), { ...call, state: null })].map(({ credit }) =>
        (credit as unknown as { w: Tensor }[]).map(({ w }) => numbersOf(w)),
      ) as [number[][], number[][]];
      expect(distance(own[2]!, exact[2]!)).toBeLessThan(1e-12);
      expect(Math.hypot(...own[1]!) / Math.hypot(...exact[1]!)).toBeLessThan(0.26);
    });
  });

  it('refuses settings that are none', () => {
    for (const options of [{ baseline: 0.7 }, { teaching: 0 }, { lateralRate: -1 }])
      expect(() => burstprop(options)).toThrowError(expect.objectContaining({ code: 'ConfigError' }));
  });
});

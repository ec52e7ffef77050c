import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { grad, random, relativeError, sliceAxis, square, squeeze, sum, tensor, trees } from '../engine/index.ts';
import { feedbackTree } from './feedback.ts';
import { gru, gruCell } from './gru.ts';
import { modelFromJSON, modelToJSON } from './json.ts';
import type { Tree } from './layer.ts';
import { lstm, lstmCell } from './lstm.ts';
import { model } from './model.ts';
import { differenceOf, gaussian, inF64, layerGradientError, runLayer } from './testing.ts';

type Rows = number[][];
const logistic = (z: number): number => 1 / (1 + Math.exp(-z));
const rowsOf = (p: Tree, name: string): Rows => (p as Record<string, Tensor>)[name]!.toArray() as Rows;
const lineOf = (p: Tree, name: string): number[] => (p as Record<string, Tensor>)[name]!.toArray() as number[];

/** Σᵢ v[i]·m[i][column]. */
const product = (v: number[], m: Rows, column: number): number => v.reduce((z, x, i) => z + x * m[i]![column]!, 0);

/** PyTorch's documentation of LSTM, one sample, one unit at a time. */
function lstmReference(p: Tree, xs: Rows, units: number): Rows {
  const [w, u, b] = [rowsOf(p, 'w'), rowsOf(p, 'u'), lineOf(p, 'b')];
  let [h, c] = [new Array<number>(units).fill(0), new Array<number>(units).fill(0)];
  return xs.map((x) => {
    const z = b.map((bias, j) => bias + product(x, w, j) + product(h, u, j));
    c = c.map((old, k) => logistic(z[units + k]!) * old + logistic(z[k]!) * Math.tanh(z[2 * units + k]!));
    h = c.map((now, k) => logistic(z[3 * units + k]!) * Math.tanh(now));
    return h;
  });
}

/** PyTorch's documentation of GRU. */
function gruReference(p: Tree, xs: Rows, units: number): Rows {
  const [w, u, b, bn] = [rowsOf(p, 'w'), rowsOf(p, 'u'), lineOf(p, 'b'), lineOf(p, 'bn')];
  let h = new Array<number>(units).fill(0);
  return xs.map((x) => {
    h = h.map((old, k, before) => {
      const at = (g: number): number => b[g * units + k]! + product(x, w, g * units + k);
      const back = (g: number): number => product(before, u, g * units + k);
      const [r, z] = [logistic(at(0) + back(0)), logistic(at(1) + back(1))];
      return (1 - z) * Math.tanh(at(2) + r * (back(2) + bn[k]!)) + z * old;
    });
    return h;
  });
}

describe.each([
  ['lstm', lstm, lstmReference, 4],
  ['gru', gru, gruReference, 3],
] as const)('%s', (kind, layer, reference, gates) => {
  it('equals the equations in plain loops', () => {
    inF64(() => {
      const x = gaussian([2, 5, 3]);
      const { y, params } = runLayer(layer({ units: 4 }), x);
      const wanted = (x.toArray() as number[][][]).map((xs) => reference(params, xs, 4));
      expect(relativeError((y.toArray() as number[][][]).flat(2), wanted.flat(2))).toBeLessThan(1e-13);
    });
  });

  it('has derivatives that agree with differences', () => {
    expect(layerGradientError(layer({ units: 3 }), [4, 2])).toBeLessThan(1e-6);
    expect(layerGradientError(layer({ units: 2, bias: false, returnSequence: false }), [3, 2])).toBeLessThan(1e-6);
  });

  it('draws all weights from U(±1/√units)', () => {
    const { params } = runLayer(layer({ units: 16 }), gaussian([1, 2, 40]).cast('f32'));
    for (const w of trees.tensorsOf(params)) {
      const values = [...w.readSync()];
      expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(0.25);
      expect(Math.max(...values)).toBeGreaterThan(0.15);
    }
    expect((params as Record<string, Tensor>).w!.shape).toEqual([40, gates * 16]);
  });

  it('takes feedback for both matrices; that of the true ones is backprop', () => {
    inF64(() => {
      const m = model([4, 3], [layer({ units: 4, returnSequence: false })]);
      const { params, state } = m.initialise(random.key(1));
      const x = gaussian([2, 4, 3]);
      const credit = (feedback: Tree | undefined): Tree =>
        grad((p: Tree) => sum(square(m.apply(p, state, x, { feedback })[0])))(params);
      const swapped = (other: (w: Tensor) => Tensor): Tree => feedbackTree(m, params, m.inputShape, other);
      expect(differenceOf(credit(swapped((w) => w)), credit(undefined))).toBeLessThan(1e-12);
      expect(differenceOf(credit(swapped((w) => gaussian(w.shape))), credit(undefined))).toBeGreaterThan(0.01);
    });
  });

  it('survives JSON', () => {
    const m = model([4, 3], [layer({ units: 4, returnSequence: false })]);
    expect(modelToJSON(modelFromJSON(JSON.parse(JSON.stringify(modelToJSON(m)))))).toEqual(modelToJSON(m));
    expect(m.layers[0]!.kind).toBe(kind);
  });
});

it('cells step by step give the layers bit for bit', () => {
  inF64(() => {
    const x = gaussian([2, 5, 3]);
    for (const [layer, cell] of [
      [lstm({ units: 4 }), lstmCell({ units: 4 })],
      [gru({ units: 4 }), gruCell({ units: 4 })],
    ] as const) {
      const { y, params } = runLayer(layer, x);
      let carry = cell.start(2, 'f64') as never;
      for (let t = 0; t < 5; t++) {
        const [next, out] = cell.step(params, carry, squeeze(sliceAxis(x, 1, t, t + 1), 1));
        carry = next as never;
        expect(out.toArray()).toEqual(squeeze(sliceAxis(y, 1, t, t + 1), 1).toArray());
      }
    }
  });
});

describe('anatomy', () => {
  it('leak is ∂c′/∂c of an LSTM and ∂h′/∂h of a GRU with U = 0', () => {
    inF64(() => {
      const cell = lstmCell({ units: 3 });
      const z = gaussian([2, 12], 4);
      const c = gaussian([2, 3], 5);
      const leak = cell.anatomy.leak as (z: Tensor) => Tensor;
      const own = grad((v: Tensor) => sum(cell.advance({ h: c, c: v }, z)[0].c))(c);
      expect(differenceOf(leak(z), own)).toBeLessThan(1e-14);
      const unit = gruCell({ units: 3 });
      const zs = gaussian([2, 9], 6);
      const ofGru = grad((v: Tensor) => sum(unit.advance(v, zs)[0]))(c);
      expect(differenceOf((unit.anatomy.leak as (z: Tensor) => Tensor)(zs), ofGru)).toBeLessThan(1e-14);
    });
  });

  it('slope is σ′ of the gates and tanh′ of the candidate', () => {
    const z = tensor([[0.3, -1, 2, 0.5]], { dtype: 'f64' });
    const s = (v: number): number => logistic(v) * (1 - logistic(v));
    const wanted = [s(0.3), s(-1), 1 - Math.tanh(2) ** 2, s(0.5)];
    expect(relativeError([...lstmCell({ units: 1 }).anatomy.slope(z).readSync()], wanted)).toBeLessThan(1e-14);
  });

  it('the forget bias goes to the forget gate', () => {
    const key = random.key(3);
    const [plain, lifted] = [0, 1].map((forgetBias) => lineOf(lstmCell({ units: 2, forgetBias }).init(key, 3), 'b'));
    expect(lifted!.map((b, i) => Math.round((b - plain![i]!) * 1e6) / 1e6)).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
});

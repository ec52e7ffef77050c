/** Top-down credit assignment: diffusion, sizes, the start without credits, and the rule against the update it stands for. */
import { describe, expect, it } from 'vitest';
import { random, type Tensor, tensor } from '../../engine/index.ts';
import { dense, type Model, model, type Tree } from '../../nn/index.ts';
import { callOf, creditOf, inF64, numbersOf } from '../testing/cases.ts';
import { drawNets, forward, update } from './bottom-up.ts';
import { judge, type Lesson } from './evolve.ts';
import {
  diffusion,
  linearTopDown,
  sizeOfTopDown,
  startOfTopDown,
  type TopDownShape,
  topDownCredits,
} from './top-down.ts';
import { shapeOf, topDownCreditAssignment } from './top-down-credit-assignment.ts';

const monk: TopDownShape = { outputs: 1, hidden: [16], sources: [4], observeHidden: false, units: 8 };

const net = (): Model =>
  model([5], [dense({ units: 7, activation: 'tanh' }), dense({ units: 6, activation: 'tanh' }), dense({ units: 3 })]);

describe('the top-down network', () => {
  it('has as many numbers as the formula says', () => {
    expect(sizeOfTopDown(monk)).toBe(79);
    expect(sizeOfTopDown({ ...monk, sources: [16] })).toBe(211);
    expect(sizeOfTopDown({ outputs: 1, hidden: [2], sources: [2], observeHidden: true, units: 8 })).toBe(79);
    expect(sizeOfTopDown({ outputs: 10, hidden: [32], sources: [32], observeHidden: false, units: 8 })).toBe(1386);
  });

  it('spreads sources over neighbours: shares of a neuron add up to 1, mirror symmetric, the identity for one source a neuron', () => {
    const [k, n] = [4, 16];
    const kernel = diffusion(k, n, 'f64').readSync();
    for (let i = 0; i < n; i++) {
      const column = Array.from({ length: k }, (_, j) => kernel[j * n + i]!);
      expect(column.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
      expect(column.indexOf(Math.max(...column))).toBe(Math.floor((i * k) / n));
      column.forEach((share, j) => {
        expect(share).toBeCloseTo(kernel[(k - 1 - j) * n + (n - 1 - i)]!, 12);
      });
    }
    expect([...diffusion(3, 3).readSync()]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect([...diffusion(1, 5).readSync()]).toEqual([1, 1, 1, 1, 1]);
  });

  it('gives no credit at the start, so that nothing moves', () => {
    const nets = drawNets(random.key(1), [], [6, 16, 1]);
    const x = random.normal(random.key(2), [8, 6]);
    const pass = forward(nets, x);
    const credits = topDownCredits(startOfTopDown(random.key(3), monk), monk)(
      pass,
      random.uniform(random.key(4), [8, 1]),
      nets,
    );
    expect(numbersOf(update(nets, x, pass, credits))).toEqual(numbersOf(nets));
  });

  it('is the same for every network of a population', () => {
    const psi = random.normal(random.key(1), [3, 79]);
    const nets = drawNets(random.key(2), [3, 2], [6, 16, 1]);
    const [x, t] = [random.normal(random.key(3), [1, 2, 5, 6]), random.uniform(random.key(4), [1, 2, 5, 1])];
    const pass = forward(nets, x);
    const all = topDownCredits(psi, monk)(pass, t, nets).hidden[0]!;
    const pick = (v: Tensor, i: number, j: number): Tensor => v.take(i, 0).take(j, 0);
    const own = { output: pick(pass.output, 2, 1), hidden: [] };
    const one = topDownCredits(psi.take(2, 0), monk)(own, pick(t, 0, 1), nets).hidden[0]!;
    numbersOf(one).forEach((v, i) => {
      expect(v).toBeCloseTo(numbersOf(pick(all, 2, 1))[i]!, 5);
    });
  });

  it('refuses more sources than neurons', () => {
    expect(() => startOfTopDown(random.key(1), { ...monk, sources: [17] })).toThrow(/17 sources for 16 neurons/);
  });
});

describe('a lesson', () => {
  it('gives every way of learning the same starts and batches', () => {
    const rows = { x: random.normal(random.key(1), [20, 2]), t: random.bernoulli(random.key(2), [20, 1]).cast('f32') };
    const lesson: Lesson = { rows, widths: [2, 3, 1], steps: 5, batch: 4 };
    const shape: TopDownShape = { outputs: 1, hidden: [3], sources: [1], observeHidden: false, units: 2 };
    const psi = linearTopDown(shape);
    const twice = tensor([...psi.readSync(), ...psi.readSync()]).reshape([2, psi.size]);
    const found = judge({ lesson, test: rows, lead: [2, 6], source: topDownCredits(twice, shape), key: random.key(3) });
    const [a, b] = [0, 1].map((i) => [...found.trainLoss.take(i, 0).readSync()]);
    expect(a).toEqual(b);
    expect(new Set(a).size).toBe(6);
  });
});

describe('the rule', () => {
  it('is the update of the lower level, in units of the gradient', () => {
    inF64(() => {
      const rule = topDownCreditAssignment({ sources: 2, observeHidden: true });
      const call = callOf(rule, net(), { batch: 6 });
      const shape = shapeOf(net(), { sources: 2, observeHidden: true });
      const psi = random.normal(random.key(8), [sizeOfTopDown(shape)], { dtype: 'f64' });
      const { credit } = creditOf(rule, { ...call, state: { psi } });
      const layers = call.params as readonly { w: Tensor; b: Tensor }[];
      const nets = { w: layers.map(({ w }) => w), b: layers.map(({ b }) => b.expandDims(0)) };
      const pass = forward(nets, call.batch.x);
      const t = tensor([...call.batch.y.readSync()].map((y) => [0, 1, 2].map((c) => Number(c === y))));
      const after = update(nets, call.batch.x, pass, topDownCredits(psi, shape)(pass, t, nets), { clip: 1e9 });
      layers.forEach((layer, l) => {
        const own = (credit as readonly { w: Tensor; b: Tensor }[])[l]!;
        numbersOf(layer.w.sub(own.w)).forEach((v, i) => {
          expect(v).toBeCloseTo(numbersOf(after.w[l]!)[i]!, 12);
        });
        numbersOf(layer.b.sub(own.b)).forEach((v, i) => {
          expect(v).toBeCloseTo(numbersOf(after.b[l]!)[i]!, 12);
        });
      });
    });
  });

  it('refuses a ψ of another size', () => {
    const rule = topDownCreditAssignment({ psi: tensor([1, 2, 3]) });
    const { params } = net().initialise(random.key(1));
    expect(() => rule.init(net(), params as Tree, random.key(2))).toThrow(/ψ has 3 numbers/);
  });
});

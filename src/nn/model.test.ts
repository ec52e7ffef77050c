import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import {
  grad,
  jit,
  mul,
  random,
  relativeError,
  ShapeError,
  square,
  sum,
  TreeError,
  trees,
  withTaps,
  zeros,
} from '../engine/index.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import { feedbackTree } from './feedback.ts';
import { modelFromJSON, modelToJSON } from './json.ts';
import type { Tree } from './layer.ts';
import { model } from './model.ts';
import { batchNorm, layerNorm } from './norm.ts';
import { activation, avgPool, dropout, flatten, globalAvgPool, maxPool } from './plain.ts';
import { recurrent } from './recurrent.ts';
import { residual } from './residual.ts';
import { summary } from './summary.ts';
import { gaussian, inF64 } from './testing.ts';
import { unitsOf, unroll } from './unroll.ts';

const images = model(
  [1, 8, 8],
  [
    conv2d({ filters: 4, kernel: 3, padding: 'same', bias: false }),
    batchNorm(),
    activation('relu'),
    residual({
      body: [conv2d({ filters: 6, kernel: 3, stride: 2, padding: 'same', activation: 'relu' }), batchNorm()],
      activation: 'relu',
    }),
    maxPool({ size: 2 }),
    flatten(),
    dropout(0.1),
    dense({ units: 3 }),
  ],
);

const words = model(
  [6],
  [
    embedding({ vocabulary: 9, units: 4 }),
    layerNorm(),
    recurrent({ units: 5, returnSequence: false }),
    dense({ units: 2 }),
  ],
);

const leaves = (tree: unknown): number[][] => trees.tensorsOf(tree).map((x) => [...x.readSync()]);

describe('models', () => {
  it('run a batch and carry their state', () => {
    const { params, state } = images.initialise(random.key(1));
    const x = random.normal(random.key(2), [5, 1, 8, 8]);
    const [y, next] = images.apply(params, state, x, { key: random.key(3), train: true });
    expect(y.shape).toEqual([5, 3]);
    expect(leaves(next)).not.toEqual(leaves(state));
    expect(leaves(images.apply(params, next, x)[1])).toEqual(leaves(next));
  });

  it('give the same bits compiled as eager', () => {
    const { params, state } = images.initialise(random.key(1));
    const x = random.normal(random.key(2), [5, 1, 8, 8]);
    const f = (p: Tree, s: Tree, v: Tensor, key: Tensor) => [...images.apply(p, s, v, { key, train: true })];
    expect(leaves(jit(f)(params, state, x, random.key(3)))).toEqual(leaves(f(params, state, x, random.key(3))));
  });

  it('refuse inputs and params of another model, naming the place', () => {
    const { params, state } = images.initialise(random.key(1));
    expect(() => images.apply(params, state, zeros([5, 8, 8]))).toThrow(ShapeError);
    expect(() => images.apply((params as Tree[]).slice(1), state, zeros([5, 1, 8, 8]))).toThrow(TreeError);
    const wrong = [...(params as Tree[]).slice(0, -1), { w: zeros([24, 4]), b: zeros([3]) }];
    expect(() => images.apply(wrong, state, zeros([5, 1, 8, 8]))).toThrow(
      /\[7\]\.w has shape \[24, 4\], not \[24, 3\]/,
    );
    expect(() => model([4], [dense({ units: 2 }), conv2d({ filters: 1, kernel: 1 })])).toThrow(/layer 1 \(conv2d\)/);
  });

  it('contain models', () => {
    const inner = model([3], [dense({ units: 4, activation: 'tanh' })]);
    const outer = model([3], [inner, dense({ units: 2 })]);
    const { params, state } = outer.initialise(random.key(1));
    expect(outer.apply(params, state, zeros([2, 3]))[0].shape).toEqual([2, 2]);
    expect(unitsOf(outer)).toHaveLength(2);
  });

  it('name their taps by layer', () => {
    const { params, state } = words.initialise(random.key(1));
    const seen: string[] = [];
    withTaps(
      (x, name) => {
        seen.push(name);
        return x;
      },
      () => words.apply(params, state, zeros([2, 6], 'i32')),
    );
    expect(seen).toContain('recurrent2/5/pre');
    expect(seen.slice(-2)).toEqual(['dense3/pre', 'dense3/post']);
  });
});

describe('JSON', () => {
  it('brings every kind of layer back with its config, shapes and parameters', () => {
    const all = model(
      [2, 8, 8],
      [
        images.layers[0]!,
        batchNorm({ momentum: 0.2 }),
        avgPool({ size: 2, padding: 1 }),
        residual({ body: [images.layers[0]!] }),
        maxPool({ size: [2, 1] }),
        globalAvgPool(),
        layerNorm(),
        model([4], [dense({ units: 3 })]),
        activation('gelu'),
        dropout(0.5),
      ],
    );
    for (const m of [all, words, images]) {
      const text = JSON.stringify(modelToJSON(m));
      const back = modelFromJSON(JSON.parse(text));
      expect(JSON.stringify(modelToJSON(back))).toBe(text);
      expect(back.names).toEqual(m.names);
      expect(leaves(back.initialise(random.key(4)).params)).toEqual(leaves(m.initialise(random.key(4)).params));
    }
  });

  it('refuses what it does not know', () => {
    const json = (kind: string, config: object) => ({
      format: 'cotangent-model',
      version: 1,
      kind: 'model',
      config: { inputShape: [2], layers: [{ kind, config }] },
    });
    expect(() => modelFromJSON(json('maxout', {}))).toThrow(/known kinds are activation/);
    expect(() => modelFromJSON(json('dense', { units: 3, untis: 4 }))).toThrow(/dense has no option untis/);
    expect(() => modelFromJSON({})).toThrow(/no model/);
    expect(() => modelFromJSON({ ...json('dense', { units: 3 }), version: 2 })).toThrow(/version 2 is unknown/);
  });
});

it('the summary lists layers, shapes and counts', () => {
  const lines = summary(images).split('\n');
  expect(lines[2]).toMatch(/^conv2d0 +\[4, 8, 8\] +36$/);
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}skip +\[6, 4, 4\] +24$/));
  const total = 36 + 8 + (4 * 6 * 9 + 6 + 12 + 24) + (24 * 3 + 3);
  expect(lines.at(-1)).toMatch(new RegExp(`^total +${total}$`));
  expect(trees.countParams(images.initialise(random.key(1)).params)).toBe(total);
});

describe('feedback', () => {
  it('replaces the weights on the way to the input and nowhere else', () => {
    inF64(() => {
      const layer = dense({ units: 4 });
      const [x, w, b, ct] = [gaussian([3, 5], 1), gaussian([5, 4], 2), gaussian([5, 4], 3), gaussian([3, 4], 4)];
      const pull = (at: { x: Tensor; w: Tensor }, feedback?: Tree) =>
        grad((p: { x: Tensor; w: Tensor }) => sum(mul(ct, layer.pre({ w: p.w }, null, p.x, { feedback })[0])))(at);
      const [pulled, plain, swapped] = [pull({ x, w }, { w: b }), pull({ x, w }), pull({ x, w: b })];
      expect(pulled.w.toArray()).toEqual(plain.w.toArray());
      expect(relativeError([...pulled.x.readSync()], [...swapped.x.readSync()])).toBeLessThan(1e-13);
    });
  });

  it('of the true weights is backprop, through convolutions, blocks and recurrence', () => {
    inF64(() => {
      for (const [m, x] of [
        [images, gaussian([2, 1, 8, 8], 7)],
        [
          model(
            [4, 3],
            [
              recurrent({ units: 5 }),
              residual({ body: [dense({ units: 5, activation: 'tanh' })] }),
              flatten(),
              dense({ units: 2 }),
            ],
          ),
          gaussian([2, 4, 3], 7),
        ],
      ] as const) {
        const { params, state } = m.initialise(random.key(1));
        const feedback = feedbackTree(m, params, m.inputShape, (w) => w);
        const credit = (p: Tree, other: Tree | undefined) =>
          grad((q: Tree) => sum(square(m.apply(q, state, x, { feedback: other })[0])))(p);
        const [fed, plain] = [credit(params, feedback), credit(params, undefined)];
        trees.tensorsOf(fed).forEach((g, i) => {
          expect(relativeError([...g.readSync()], [...trees.tensorsOf(plain)[i]!.readSync()])).toBeLessThan(1e-12);
        });
      }
    });
  });

  it('of other kernels changes only what lies below', () => {
    inF64(() => {
      const m = model(
        [1, 4, 4],
        [
          conv2d({ filters: 2, kernel: 3, padding: 1, activation: 'tanh' }),
          conv2d({ filters: 2, kernel: 3, stride: 2 }),
        ],
      );
      const { params, state } = m.initialise(random.key(1));
      const x = gaussian([2, 1, 4, 4], 7);
      const other = feedbackTree(m, params, m.inputShape, (w) => gaussian(w.shape, 8));
      const credit = (fed: Tree | undefined) =>
        grad((q: Tree) => sum(m.apply(q, state, x, { feedback: fed })[0]))(params) as { w: Tensor }[];
      expect(credit(other)[1]!.w.toArray()).toEqual(credit(undefined)[1]!.w.toArray());
      const swapped = [(params as Tree[])[0]!, { ...(params as { b: Tensor }[])[1]!, w: gaussian([2, 2, 3, 3], 8) }];
      const linear = grad((q: Tree) => sum(m.apply(q, state, x)[0]))(swapped) as { w: Tensor }[];
      expect(relativeError([...credit(other)[0]!.w.readSync()], [...linear[0]!.w.readSync()])).toBeLessThan(1e-12);
    });
  });
});

describe('units', () => {
  it('give credit equal to backprop when each passes its input cotangent on', () => {
    inF64(() => {
      const m = model(
        [1, 4, 4],
        [
          conv2d({ filters: 2, kernel: 3, activation: 'tanh' }),
          avgPool({ size: 2, stride: 1 }),
          flatten(),
          dense({ units: 3, activation: 'tanh' }),
          layerNorm(),
          dense({ units: 2 }),
        ],
      );
      const { params, state } = m.initialise(random.key(1));
      const x = gaussian([2, 1, 4, 4], 7);
      const run = unroll(m, params, state, x, {});
      expect(run.units.map((unit) => unit.name)).toEqual(['conv2d0', 'dense3', 'dense5']);
      let ct = gaussian([2, 2], 9);
      const fixed = ct;
      const credit: Tree[] = [];
      for (const unit of [...run.units].reverse()) {
        credit.unshift(...(unit.pullParams(ct) as Tree[]));
        ct = unit.pullInput(ct);
      }
      const exact = grad((p: Tree) => sum(mul(fixed, m.apply(p, state, x)[0])))(params);
      trees.tensorsOf(credit).forEach((g, i) => {
        expect(relativeError([...g.readSync()], [...trees.tensorsOf(exact)[i]!.readSync()])).toBeLessThan(1e-12);
      });
    });
  });

  it('of indices have no cotangent at their input', () => {
    const { params, state } = words.initialise(random.key(1));
    const [first] = unroll(words, params, state, zeros([2, 6], 'i32'), {}).units;
    expect(first!.pullParams(zeros(first!.output.shape))).toHaveLength(2);
    expect(() => first!.pullInput(zeros(first!.output.shape))).toThrow(/has no cotangent/);
  });
});

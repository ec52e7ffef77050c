import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { ConfigError, cast, DtypeError, random, relativeError, ShapeError, tensor, zeros } from '../engine/index.ts';
import { activationNamed, activationNames } from './activation.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import type { ApplyCall, Layer } from './layer.ts';
import { batchNorm, layerNorm } from './norm.ts';
import { activation, avgPool, dropout, flatten, globalAvgPool, maxPool } from './plain.ts';
import { elmanCell, recurrent } from './recurrent.ts';
import { residual } from './residual.ts';
import { gaussian, inF64, layerGradientError, runLayer } from './testing.ts';

const train: ApplyCall = { train: true, key: random.key(8) };
const close = (x: Tensor, y: Tensor): number => relativeError([...x.readSync()], [...y.readSync()]);

describe('derivatives agree with differences, to second order', () => {
  const rows: [string, Layer, readonly number[], ApplyCall?][] = [
    ['dense', dense({ units: 4, activation: 'tanh' }), [5]],
    ['dense over positions', dense({ units: 4, activation: 'logistic', bias: false }), [2, 5]],
    [
      'conv2d',
      conv2d({ filters: 4, kernel: [3, 2], stride: [2, 1], padding: 'same', groups: 2, activation: 'softplus' }),
      [2, 5, 4],
    ],
    ['avgPool', avgPool({ size: 2 }), [2, 4, 4]],
    ['globalAvgPool', globalAvgPool(), [3, 2, 2]],
    ['batchNorm in training', batchNorm(), [4], train],
    ['batchNorm on images in training', batchNorm(), [2, 3, 2], train],
    ['batchNorm with running statistics', batchNorm(), [4]],
    ['layerNorm', layerNorm(), [6]],
    ['layerNorm over two axes', layerNorm({ axes: 2 }), [2, 3, 2]],
    ['dropout at a key', dropout(0.4), [6], train],
    ['recurrent', recurrent({ units: 3 }), [4, 2]],
    ['recurrent, last output', recurrent({ units: 3, returnSequence: false }), [3, 2]],
    [
      'residual with a projection',
      residual({ body: [dense({ units: 4, activation: 'tanh' }), dense({ units: 3 })], activation: 'softplus' }),
      [5],
    ],
    [
      'residual on images with stride',
      residual({ body: [conv2d({ filters: 3, kernel: 3, stride: 2, padding: 'same' })] }),
      [2, 4, 4],
    ],
  ];
  for (const [name, layer, input, call] of rows) {
    it(name, () => expect(layerGradientError(layer, input, call)).toBeLessThan(1e-6));
  }

  for (const name of activationNames) {
    it(`the activation ${name}`, () => expect(layerGradientError(activation(name), [7])).toBeLessThan(1e-6));
  }
});

describe('shapes of one sample', () => {
  const rows: [Layer, readonly number[], readonly number[]][] = [
    [dense({ units: 3 }), [2, 5], [2, 3]],
    [conv2d({ filters: 6, kernel: 5 }), [3, 28, 28], [6, 24, 24]],
    [conv2d({ filters: 6, kernel: 3, stride: 2, padding: 1 }), [3, 7, 8], [6, 4, 4]],
    [conv2d({ filters: 6, kernel: 3, dilation: 2, padding: 'same' }), [3, 7, 8], [6, 7, 8]],
    [maxPool({ size: 2 }), [3, 5, 4], [3, 2, 2]],
    [maxPool({ size: 3, stride: 2, padding: 1 }), [3, 5, 5], [3, 3, 3]],
    [flatten(), [3, 5, 4], [60]],
    [embedding({ vocabulary: 10, units: 4 }), [7], [7, 4]],
    [recurrent({ units: 4 }), [7, 2], [7, 4]],
    [recurrent({ units: 4, returnSequence: false }), [7, 2], [4]],
  ];
  for (const [layer, input, output] of rows) {
    it(`${layer.kind} ${JSON.stringify(input)} → ${JSON.stringify(output)}`, () => {
      expect(layer.outShape(input)).toEqual(output);
      const x = layer.kind === 'embedding' ? zeros([2, ...input], 'i32') : zeros([2, ...input]);
      expect(runLayer(layer, x).y.shape).toEqual([2, ...output]);
    });
  }
});

it('dense is φ(x·W + b) on numbers', () => {
  const layer = dense({ units: 2, activation: 'relu' });
  const params = {
    w: tensor([
      [1, -1],
      [2, 0],
    ]),
    b: tensor([0.5, -0.5]),
  };
  const [z] = layer.pre(params, null, tensor([[3, 1]]), {});
  expect(layer.post!(z).toArray()).toEqual([[5.5, 0]]);
});

describe('batch normalisation', () => {
  const x = tensor([
    [1, 10],
    [2, 20],
    [3, 60],
  ]); // means 2, 30; population variances 2/3, 1400/3; unbiased 1, 700

  it('normalises by the batch and moves the running statistics by one tenth', () => {
    const { y, next } = runLayer(batchNorm(), x, { train: true });
    const { mean, variance } = next as unknown as { mean: Tensor; variance: Tensor };
    const wanted = [1, 2, 3].flatMap((a, i) => [
      (a - 2) / Math.sqrt(2 / 3 + 1e-5),
      ([10, 20, 60][i]! - 30) / Math.sqrt(1400 / 3 + 1e-5),
    ]);
    expect(relativeError([...y.readSync()], wanted)).toBeLessThan(1e-6);
    expect(relativeError([...mean.readSync()], [0.2, 3])).toBeLessThan(1e-6);
    expect(relativeError([...variance.readSync()], [0.9 + 0.1, 0.9 + 70])).toBeLessThan(1e-6);
  });

  it('uses the running statistics otherwise, and leaves them', () => {
    const state = { mean: tensor([1, 10]), variance: tensor([4, 100]) };
    const [y, next] = batchNorm({ eps: 0 }).pre({ scale: tensor([2, 1]), shift: tensor([0, 5]) }, state, x, {});
    expect(relativeError([...y.readSync()], [0, 5, 1, 6, 2, 10])).toBeLessThan(1e-6);
    expect(next).toBe(state);
  });

  it('takes the channels of images as its features', () => {
    const images = gaussian([4, 3, 2, 5]);
    const data = images.readSync();
    const { y } = inF64(() => runLayer(batchNorm({ eps: 0 }), images, { train: true }));
    const place = (n: number, c: number, p: number): number => (n * 3 + c) * 10 + p;
    for (let c = 0; c < 3; c++) {
      const own = Array.from({ length: 40 }, (_, i) => data[place(Math.floor(i / 10), c, i % 10)]!);
      const mean = own.reduce((a, b) => a + b) / 40;
      const std = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / 40);
      expect(y.readSync()[place(2, c, 7)]).toBeCloseTo((data[place(2, c, 7)]! - mean) / std, 12);
    }
  });

  it('refuses to train on one value per channel', () => {
    expect(() => runLayer(batchNorm(), zeros([1, 3]), { train: true })).toThrow(ShapeError);
  });
});

it('layer normalisation gives each sample mean 0 and variance 1', () => {
  const { y } = inF64(() => runLayer(layerNorm({ eps: 0 }), gaussian([4, 50])));
  for (const row of y.toArray() as number[][]) {
    expect(row.reduce((a, b) => a + b) / 50).toBeCloseTo(0, 12);
    expect(row.reduce((a, b) => a + b * b, 0) / 50).toBeCloseTo(1, 12);
  }
});

describe('dropout', () => {
  const x = tensor(new Float32Array(40_000).fill(2), { shape: [200, 200] });

  it('drops its share, scales the rest and is the identity outside training', () => {
    const y = runLayer(dropout(0.25), x, train).y.readSync();
    const dropped = y.filter((v) => v === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / y.length));
    expect(y.every((v) => v === 0 || Math.abs(v - 2 / 0.75) < 1e-6)).toBe(true);
    expect(runLayer(dropout(0.25), x).y.readSync()).toEqual(x.readSync());
  });

  it('is a function of its key', () => {
    const once = runLayer(dropout(0.5), x, train).y.readSync();
    expect(runLayer(dropout(0.5), x, train).y.readSync()).toEqual(once);
    expect(runLayer(dropout(0.5), x, { train: true, key: random.key(9) }).y.readSync()).not.toEqual(once);
  });

  it('refuses to train without a key', () => {
    expect(() => runLayer(dropout(0.5), x, { train: true })).toThrow(ConfigError);
  });
});

describe('embedding', () => {
  it('takes rows', () => {
    const w = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const [y] = embedding({ vocabulary: 3, units: 2 }).pre({ w }, null, cast(tensor([[2, 0]]), 'i32'), {});
    expect(y.toArray()).toEqual([
      [
        [5, 6],
        [1, 2],
      ],
    ]);
  });

  it('refuses floats', () => {
    expect(() => runLayer(embedding({ vocabulary: 3, units: 2 }), zeros([1, 2]))).toThrow(DtypeError);
  });
});

describe('recurrence', () => {
  it('the layer over a sequence equals the cell step by step, bit for bit', () => {
    const x = gaussian([2, 5, 3]);
    const { y, params } = inF64(() => runLayer(recurrent({ units: 4 }), x));
    const cell = elmanCell({ units: 4 });
    let h = cell.start(2, 'f64');
    const rows = y.toArray() as number[][][];
    for (let t = 0; t < 5; t++) {
      const xt = tensor(
        (x.toArray() as number[][][]).map((sample) => sample[t]!),
        { dtype: 'f64' },
      );
      [h] = cell.step(params, h, xt);
      expect(h.toArray()).toEqual(rows.map((sample) => sample[t]!));
    }
  });

  it('is tanh(x·W + b + h·U) on numbers', () => {
    const params = { w: tensor([[0.5]]), u: tensor([[-1]]), b: tensor([0.1]) };
    const [y] = recurrent({ units: 1 }).pre(params, null, tensor([[[1], [2]]]), {});
    const first = Math.tanh(0.6);
    expect(relativeError([...y.readSync()], [first, Math.tanh(1.1 - first)])).toBeLessThan(1e-6);
  });

  it('shows the slope of its activation', () => {
    const z = tensor([-1, 0, 2], { dtype: 'f64' });
    expect(
      close(
        elmanCell({ units: 1 }).anatomy.slope(z),
        tensor(
          [-1, 0, 2].map((v) => 1 - Math.tanh(v) ** 2),
          { dtype: 'f64' },
        ),
      ),
    ).toBeLessThan(1e-14);
  });
});

describe('residual blocks', () => {
  it('add their input to what the body makes of it', () => {
    const layer = residual({ body: [dense({ units: 2 })] });
    const params = [
      {
        w: tensor([
          [1, 0],
          [0, 3],
        ]),
        b: tensor([10, 20]),
      },
      null,
    ];
    expect(layer.pre(params, [null, null], tensor([[1, 2]]), {})[0].toArray()).toEqual([[12, 28]]);
    expect(layer.init(random.key(1), [2]).params).toHaveLength(2);
  });

  it('refuse a body that leads where no projection goes', () => {
    expect(() => residual({ body: [flatten()] }).outShape([2, 3, 3])).toThrow(ShapeError);
    expect(() => residual({ body: [dense({ units: 3 })], projection: false }).outShape([2])).toThrow(
      /projection is off/,
    );
    expect(() => residual({ body: [conv2d({ filters: 2, kernel: 3 })] }).outShape([2, 6, 6])).toThrow(
      /padding: 'same'/,
    );
  });
});

it('refuses wrong options and shapes before any work', () => {
  expect(() => dense({ units: 0 })).toThrow(ConfigError);
  expect(() => dense({ units: 1, activation: 'rectifier' as never })).toThrow(/choose one of identity, relu/);
  expect(() => activationNamed('toString' as never)).toThrow(ConfigError);
  expect(() => conv2d({ filters: 1, kernel: 3 }).outShape([9])).toThrow(/\(channels, height, width\)/);
  expect(() => dropout(1)).toThrow(ConfigError);
});

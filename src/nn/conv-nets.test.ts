import { describe, expect, it } from 'vitest';
import type { Shape, Tensor } from '../engine/index.ts';
import {
  conv2d as convolve,
  grad,
  random,
  relativeError,
  sliceAxis,
  square,
  sum,
  tensor,
  trees,
  zeros,
} from '../engine/index.ts';
import { convNext, convNextBlock } from './convnext.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import { convTranspose2d, depthwiseConv2d, separableConv2d } from './depthwise.ts';
import { feedbackTree } from './feedback.ts';
import { modelFromJSON, modelToJSON } from './json.ts';
import type { ApplyCall, Layer, Tree } from './layer.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import { batchNorm } from './norm.ts';
import { channelNorm, channelScale, groupNorm, instanceNorm, rmsNorm } from './norm-more.ts';
import { dropout, stochasticDepth } from './plain.ts';
import { residual } from './residual.ts';
import { basicBlock, bottleneckBlock, resnet } from './resnet.ts';
import { paramCount } from './structure.ts';
import { differenceOf, gaussian, inF64, layerGradientError, runLayer } from './testing.ts';
import { joined, unet } from './unet.ts';
import { vgg, vggStages } from './vgg.ts';

const train: ApplyCall = { train: true, key: random.key(8) };

describe('derivatives agree with differences, to second order', () => {
  const rows: [string, Layer, Shape, ApplyCall?][] = [
    ['depthwiseConv2d', depthwiseConv2d({ kernel: 3, multiplier: 2, padding: 'same', activation: 'tanh' }), [2, 3, 4]],
    ['separableConv2d', separableConv2d({ filters: 3, kernel: 3, padding: 1, activation: 'softplus' }), [2, 3, 3]],
    ['convTranspose2d', convTranspose2d({ filters: 3, kernel: 2, stride: 2, activation: 'tanh' }), [2, 3, 2]],
    ['groupNorm', groupNorm({ groups: 2 }), [4, 2, 2]],
    ['instanceNorm', instanceNorm({ isAffine: true }), [2, 3, 2]],
    ['channelNorm', channelNorm(), [4, 2, 2]],
    ['rmsNorm', rmsNorm(), [2, 5]],
    ['channelScale', channelScale({ initial: 0.3 }), [3, 2, 2]],
    ['stochasticDepth at a key', stochasticDepth(0.4), [3, 2], train],
    ['ConvNeXt block', convNextBlock({ filters: 2, kernel: 3, expansion: 2, scale: 0.5 }), [2, 3, 3]],
    ['joined', joined({ body: [conv2d({ filters: 2, kernel: 1, activation: 'tanh' })] }), [2, 2, 2]],
    [
      'residual with a skip of its own',
      residual({ body: [dense({ units: 3 })], skip: [dense({ units: 3 }), batchNorm()] }),
      [2],
      train,
    ],
  ];
  for (const [name, layer, input, call] of rows)
    it(name, () => expect(layerGradientError(layer, input, call)).toBeLessThan(1e-6));
});

describe('depthwise convolution', () => {
  it('convolves each channel alone', () => {
    inF64(() => {
      const x = gaussian([2, 3, 5, 4]);
      const { y, params } = runLayer(depthwiseConv2d({ kernel: 3, bias: false, multiplier: 2 }), x);
      const { w } = params as { w: Tensor };
      for (let c = 0; c < 3; c++) {
        const alone = convolve(sliceAxis(x, 1, c, c + 1), sliceAxis(w, 0, 2 * c, 2 * c + 2), {});
        expect(sliceAxis(y, 1, 2 * c, 2 * c + 2).toArray()).toEqual(alone.toArray());
      }
    });
  });

  it('separable: a depthwise and a pixelwise map, with the sum of their parameters', () => {
    const { params } = runLayer(separableConv2d({ filters: 8, kernel: 3 }), zeros([1, 4, 5, 5]));
    expect(trees.countParams(params)).toBe(4 * 9 + 8 * 4 + 8);
  });
});

describe('transposed convolution', () => {
  it('is the transpose of a convolution with the same kernels', () => {
    inF64(() => {
      const layer = convTranspose2d({ filters: 3, kernel: 3, stride: 2, padding: 1, bias: false });
      const [x, v] = [gaussian([1, 2, 4, 4], 1), gaussian([1, 3, 7, 7], 2)];
      const { y, params } = runLayer(layer, x);
      const back = convolve(v, (params as { w: Tensor }).w, { stride: 2, padding: 1 });
      const [left, right] = [sum(y.mul(v)).item(), sum(back.mul(x)).item()];
      expect(left).toBeCloseTo(right, 12);
    });
  });

  it('takes feedback; that of the true kernels is backprop', () => {
    inF64(() => {
      const m = model(
        [2, 3, 3],
        [conv2d({ filters: 2, kernel: 1 }), convTranspose2d({ filters: 2, kernel: 3, stride: 2, outputPadding: 1 })],
      );
      const { params, state } = m.initialise(random.key(1));
      const x = gaussian([2, 2, 3, 3]);
      const credit = (other: ((w: Tensor) => Tensor) | null): Tree =>
        grad((p: Tree) =>
          sum(
            square(
              m.apply(p, state, x, other === null ? {} : { feedback: feedbackTree(m, params, m.inputShape, other) })[0],
            ),
          ),
        )(params);
      expect(
        differenceOf(
          credit((w) => w),
          credit(null),
        ),
      ).toBeLessThan(1e-12);
      expect(
        differenceOf(
          credit((w) => gaussian(w.shape)),
          credit(null),
        ),
      ).toBeGreaterThan(0.01);
    });
  });
});

/** Mean and population variance of some numbers. */
const moments = (v: number[]): [number, number] => {
  const m = v.reduce((a, b) => a + b) / v.length;
  return [m, v.reduce((a, b) => a + (b - m) ** 2, 0) / v.length];
};

describe('normalisations', () => {
  it('by groups give each group mean 0 and variance 1; one channel to a group is by instance', () => {
    inF64(() => {
      const x = gaussian([2, 6, 3, 2]);
      const { y } = runLayer(groupNorm({ groups: 2, eps: 0 }), x);
      for (const sample of y.toArray() as number[][][][]) {
        const [mean, variance] = moments(sample.slice(0, 3).flat(2));
        expect(mean).toBeCloseTo(0, 12);
        expect(variance).toBeCloseTo(1, 12);
      }
      expect(
        differenceOf(runLayer(groupNorm({ groups: 6, isAffine: false }), x).y, runLayer(instanceNorm(), x).y),
      ).toBeLessThan(1e-12);
      expect(() => groupNorm({ groups: 4 }).outShape([6, 2, 2])).toThrow(/6 channels cannot be split into 4/);
    });
  });

  it('by pixels normalise the channels', () => {
    inF64(() => {
      const { y } = runLayer(channelNorm({ eps: 0 }), gaussian([1, 5, 2, 2]));
      const pixel = (y.toArray() as number[][][][])[0]!.map((plane) => plane[1]![0]!);
      const [mean, variance] = moments(pixel);
      expect(mean).toBeCloseTo(0, 12);
      expect(variance).toBeCloseTo(1, 12);
    });
  });

  it('by the root mean square on numbers', () => {
    const { y } = runLayer(rmsNorm({ eps: 0 }), tensor([[3, -4]]));
    expect(
      relativeError(
        [...y.readSync()],
        [3, -4].map((v) => v / Math.sqrt(12.5)),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('stochastic depth', () => {
  it('drops whole samples at its rate, scales the rest, and is nothing outside training', () => {
    const x = tensor(new Float32Array(20_000).fill(1), { shape: [10_000, 2] });
    const rows = runLayer(stochasticDepth(0.2), x, train).y.toArray() as number[][];
    expect(rows.every(([a, b]) => a === b && (a === 0 || a === 1.25))).toBe(true);
    const dropped = rows.filter(([a]) => a === 0).length / rows.length;
    expect(Math.abs(dropped - 0.2)).toBeLessThan(5 * Math.sqrt((0.2 * 0.8) / rows.length));
    expect(runLayer(stochasticDepth(0.2), x).y.readSync()).toEqual(x.readSync());
  });
});

/** Parameters of the published networks, as PyTorch's model zoo counts them. */
describe('builders', () => {
  const count = (m: Model): number => trees.countParams(m.initialise(random.key(1)).params);
  const image: Shape = [3, 32, 32];

  it('ResNet-18 has 11,689,512 parameters', () => {
    const m = resnet({ input: [3, 64, 64], classes: 1000, blocks: [2, 2, 2, 2], stem: 'large' });
    expect(count(m)).toBe(11_689_512);
  });

  it('ResNet-20 of He et al. with projections, and bottlenecks of 50', () => {
    expect(basicBlock({ filters: 16, stride: 2 }).outShape([8, 8, 8])).toEqual([16, 4, 4]);
    expect(
      trees.countParams(bottleneckBlock({ filters: 64, isProjected: true }).init(random.key(1), [64, 8, 8]).params),
    ).toBe(75_008);
    const m = resnet({ input: image, classes: 10, blocks: [3, 3, 3], width: 16 });
    expect(count(m)).toBe(269_722 + (16 * 32 + 32 * 64) + 2 * (32 + 64)); // 0.27 M with identity shortcuts, plus two projections
  });

  it('VGG-11 has 132,863,336 parameters at 224 × 224', () => {
    const m = vgg({ input: [3, 224, 224], classes: 1000, stages: vggStages.vgg11 });
    const shapes = m.layers.map((layer, i) => paramCount(layer, m.shapes[i]!));
    expect(shapes.reduce((a, b) => a + b, 0)).toBe(132_863_336);
  });

  it('U-Net keeps height and width, and has the parameters that a count by hand gives', () => {
    const m = unet({ input: [1, 32, 32], outputs: 2 });
    expect(m.outputShape).toEqual([2, 32, 32]);
    const shapes = m.layers.map((layer, i) => paramCount(layer, m.shapes[i]!));
    expect(shapes.reduce((a, b) => a + b, 0)).toBe(unetCount(1, 2, 64, 4));
    expect(() => unet({ input: [1, 6, 6], outputs: 1, levels: 2 })).toThrow(/do not join/);
  });

  it('ConvNeXt-T has 28,589,128 parameters', () => {
    const m = convNext({ input: image, classes: 1000, blocks: [3, 3, 9, 3], widths: [96, 192, 384, 768] });
    const shapes = m.layers.map((layer, i) => paramCount(layer, m.shapes[i]!));
    expect(shapes.reduce((a, b) => a + b, 0)).toBe(28_589_128);
  });

  it('run, and survive JSON', () => {
    const small: Model[] = [
      resnet({ input: [1, 8, 8], classes: 3, blocks: [1, 1], width: 4, block: 'bottleneck' }),
      vgg({ input: [1, 8, 8], classes: 3, stages: [[4], [4]], hidden: [6], isNormalised: true }),
      unet({ input: [1, 8, 8], outputs: 2, levels: 2, width: 4, isNormalised: true }),
      convNext({ input: [1, 8, 8], classes: 3, blocks: [1, 1], widths: [4, 6], patch: 2, dropRate: 0.1 }),
      model(
        [4, 4, 4],
        [
          separableConv2d({ filters: 6, kernel: 3 }),
          groupNorm({ groups: 2 }),
          instanceNorm(),
          stochasticDepth(0.1),
          rmsNorm(),
          dropout(0.2),
        ],
      ),
    ];
    for (const m of small) {
      const { params, state } = m.initialise(random.key(1));
      const x = gaussian([2, ...m.inputShape]).cast('f32');
      const [y] = m.apply(params, state, x, train);
      expect(y.shape).toEqual([2, ...m.outputShape]);
      expect([...y.readSync()].every(Number.isFinite)).toBe(true);
      const text = JSON.stringify(modelToJSON(m));
      expect(JSON.stringify(modelToJSON(modelFromJSON(JSON.parse(text))))).toBe(text);
    }
  });
});

/** Double convolutions with biases at every level, transposed 2×2 convolutions between, one 1×1 at the end. */
function unetCount(channels: number, outputs: number, width: number, levels: number): number {
  const twice = (from: number, to: number): number => from * to * 9 + to + to * to * 9 + to;
  let [total, from] = [0, channels];
  for (let i = 0; i <= levels; i++) {
    total += twice(from, width * 2 ** i);
    from = width * 2 ** i;
  }
  for (let i = levels - 1; i >= 0; i--) {
    const to = width * 2 ** i;
    total += 2 * to * to * 4 + to + twice(2 * to, to);
  }
  return total + width * outputs + outputs;
}

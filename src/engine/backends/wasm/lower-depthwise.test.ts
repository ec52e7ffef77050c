import { describe, expect, it } from 'vitest';
import * as c from '../../index.ts';
import { profiles, uniform } from './kernels/testing.ts';

type Pair = readonly [number, number];

interface Case {
  readonly images: number;
  readonly channels: number;
  readonly filters: number;
  readonly plane: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: readonly [Pair, Pair];
}

/** A convolution with one channel a group whose windows fit. */
function randomCase(next: () => number): Case {
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pair = (low: number, high: number): Pair => [between(low, high), between(low, high)];
  const kernel = pair(1, 5);
  const dilation = next() < 0.6 ? ([1, 1] as const) : pair(1, 2);
  const padding = [pair(0, 3), pair(0, 3)] as const;
  const least = (i: 0 | 1) => (kernel[i] - 1) * dilation[i] + 1;
  return {
    images: between(1, 3),
    channels: between(2, 9),
    filters: next() < 0.5 ? 1 : between(2, 5),
    plane: [between(least(0), least(0) + 12), between(least(1), least(1) + (next() < 0.2 ? 80 : 16))],
    kernel,
    stride:
      next() < 0.8
        ? (
            [
              [1, 1],
              [2, 2],
            ] as const
          )[between(0, 1)]!
        : pair(1, 3),
    dilation,
    padding,
  };
}

const draw = (shape: readonly number[], seed: number, dtype: 'f32' | 'f64'): c.Tensor =>
  c.random.normal(c.random.key(seed), shape, { dtype });

const bitsOf = (t: c.Tensor): readonly number[] => {
  const values = t.readSync();
  return [...new Uint32Array(values.slice().buffer)];
};

type Three = readonly [c.Tensor, c.Tensor, c.Tensor];

/** y and both gradients. */
function threeOf([x, k, ct]: Three, options: c.ConvOptions): Three {
  const f = (im: c.Tensor, w: c.Tensor) => c.conv2d(im, w, options);
  const dx = c.vjp((im: c.Tensor) => f(im, k), x)[1](ct);
  const dk = c.vjp((w: c.Tensor) => f(x, w), k)[1](ct);
  return [f(x, k), dx, dk];
}

/** The same, channel by channel, each without groups. */
function apart([x, k, ct]: Three, options: c.ConvOptions, { channels, filters }: Case): Three {
  const each = Array.from({ length: channels }, (_, g) => {
    const filtersOf = (t: c.Tensor, axis: number) => c.sliceAxis(t, axis, g * filters, (g + 1) * filters);
    return threeOf([c.sliceAxis(x, 1, g, g + 1), filtersOf(k, 0), filtersOf(ct, 1)], options);
  });
  return [1, 1, 0].map((axis, i) =>
    c.concat(
      each.map((three) => three[i]!),
      axis,
    ),
  ) as unknown as Three;
}

describe.each(profiles)('depth-wise convolutions under %s', (profile) => {
  it.each(['f32', 'f64'] as const)('have the bits of their channels convolved one by one, %s', (dtype) => {
    const next = uniform(dtype === 'f32' ? 11 : 12);
    c.withBackend(
      'wasm',
      () => {
        for (let i = 0; i < 40; i++) {
          const one = randomCase(next);
          const { images, channels, filters, plane, kernel, stride, dilation, padding } = one;
          const [x, k] = [
            draw([images, channels, ...plane], 2 * i, dtype),
            draw([channels * filters, 1, ...kernel], 2 * i + 1, dtype),
          ];
          const options = { stride, dilation, padding };
          const whole = { ...options, groups: channels };
          const ct = draw(c.conv2d(x, k, whole).shape, 1000 + i, dtype);
          const expected = apart([x, k, ct], options, one).map(bitsOf);
          expect(threeOf([x, k, ct], whole).map(bitsOf), JSON.stringify(one)).toEqual(expected);
        }
      },
      { profile },
    );
  });

  it.each([
    ['images', [0, null]],
    ['kernels', [null, 0]],
    ['both', [0, 0]],
  ] as const)('have the bits of a loop when %s are mapped', (_, [xAxis, kAxis]) => {
    c.withBackend(
      'wasm',
      () => {
        const size = 3;
        const front = (axis: 0 | null) => (axis === null ? [] : [size]);
        const x = draw([...front(xAxis), 2, 4, 7, 9], 1, 'f32');
        const k = draw([...front(kAxis), 8, 1, 3, 3], 2, 'f32');
        const ct = draw([2, 8, 7, 9], 3, 'f32');
        const three = (im: c.Tensor, w: c.Tensor) => [...threeOf([im, w, ct], { padding: 1, groups: 4 })];
        const mapped = c.vmap(three, { inAxes: [xAxis, kAxis] })(x, k);
        const at = (t: c.Tensor, axis: 0 | null, i: number) =>
          axis === null ? t : c.reshape(c.sliceAxis(t, 0, i, i + 1), t.shape.slice(1));
        for (let i = 0; i < size; i++) {
          const looped = three(at(x, xAxis, i), at(k, kAxis, i));
          expect(mapped.map((t) => bitsOf(at(t, 0, i)))).toEqual(looped.map(bitsOf));
        }
      },
      { profile },
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { KeepPolicy, Tensor } from '../index.ts';
import * as c from '../index.ts';
import { distance, numbers, wavy } from '../op-testing.ts';

const BATCH = 12;
const widths = [6, 40, 25, 3];
const weights = widths.slice(1).map((n, i) => wavy([widths[i]!, n], 'f32', i));
const input = wavy([BATCH, widths[0]!], 'f32', 4);
const units = widths.slice(1, -1).map((n) => BATCH * n);
const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
const maskBytes = total(units.map((n) => 4 * Math.ceil(n / 32)));

const net = (p: Tensor[], x: Tensor): Tensor =>
  p.reduce((h, w, i) => (i === p.length - 1 ? c.matmul(h, w) : c.relu(c.matmul(h, w))), x);
const byInput = (x: Tensor): Tensor => net(weights, x);
const flat = (ts: readonly Tensor[]): number[] => ts.flatMap(numbers);

/** Bytes kept in the plan of a compiled gradient. */
const plannedBytes = (f: (x: Tensor) => Tensor): number =>
  c.jit((x: Tensor, ct: Tensor) => c.vjp(f, x)[1](ct)).plan(input, c.ones([BATCH, 3])).savedForBackward;

describe('relu with a mask', () => {
  const masked = c.keep({ relu: 'mask' }, byInput);

  it('keeps one bit per unit in the plan, where its results keep 32', () => {
    expect(plannedBytes(byInput)).toBe(4 * total(units));
    expect(plannedBytes(masked)).toBe(maskBytes);
    expect(maskBytes).toBe(4 * (15 + 10)); // 480 and 300 units
    expect(c.savedBytes(masked, input)).toBe(maskBytes);
  });

  it('keeps masks beside the activations that the weights need', () => {
    expect(c.savedBytes(c.keep({ relu: 'mask' }, net), weights, input)).toBe(4 * total(units) + maskBytes);
  });

  it.each([
    ['eagerly', (f: (x: Tensor) => Tensor) => (x: Tensor, ct: Tensor) => c.vjp(f, x)[1](ct)],
    ['compiled', (f: (x: Tensor) => Tensor) => c.jit((x: Tensor, ct: Tensor) => c.vjp(f, x)[1](ct))],
    ['around jit', (f: (x: Tensor) => Tensor) => (x: Tensor, ct: Tensor) => c.vjp(c.jit(f), x)[1](ct)],
  ])('has equal bits %s', (_, pulled) => {
    const ct = wavy([BATCH, 3], 'f32', 8);
    expect(numbers(pulled(masked)(input, ct))).toEqual(numbers(pulled(byInput)(input, ct)));
  });

  it('reaches into jitted functions, and batches', () => {
    const around = c.keep({ relu: 'mask' }, c.jit(byInput));
    expect(plannedBytes(around)).toBe(maskBytes);
    const one = (f: (x: Tensor) => Tensor) => (x: Tensor) => c.grad((y: Tensor) => c.sum(f(y)))(x);
    const rows = (f: (x: Tensor) => Tensor) => c.vmap(one(f))(input).toArray();
    expect(rows(masked)).toEqual(rows(byInput));
  });

  it('has the forward mode of relu', () => {
    const t = wavy([BATCH, 6], 'f32', 2);
    expect(numbers(c.jvp(masked, input, t)[1])).toEqual(numbers(c.jvp(byInput, input, t)[1]));
  });
});

describe('maxPool', () => {
  const images = wavy([2, 3, 8, 8], 'f32');

  it.each([
    [2, 2, 2 * Math.ceil((3 * 16) / 16)],
    [4, 4, 2 * Math.ceil((3 * 4) / 8)],
    [3, 4, 2 * Math.ceil((3 * 4) / 8)],
  ])('with windows of %i keeps %i bits for each, %i words in all', (size, bits, words) => {
    const f = (x: Tensor): Tensor => c.maxPool(x, size);
    expect(Math.ceil(Math.log2(size * size))).toBe(bits);
    expect(c.savedBytes(f, images)).toBe(4 * words);
    const out = f(images).shape;
    const plan = c.jit((x: Tensor, ct: Tensor) => c.vjp(f, x)[1](ct)).plan(images, c.ones(out));
    expect(plan.savedForBackward).toBe(4 * words);
  });
});

describe('rows', () => {
  const rows = c.tensor([1, 4, 7], { dtype: 'i32' });
  const f = (w: Tensor): Tensor => c.matmul(input, w);

  it('of a product are all that is kept of it', () => {
    const two = (p: Tensor[]): Tensor => c.matmul(c.relu(c.matmul(input, p[0]!)), p[1]!);
    const ws = [wavy([6, 40], 'f32'), wavy([40, 3], 'f32', 1)];
    expect(c.savedBytes(two, ws)).toBe(4 * BATCH * 40);
    expect(c.savedBytes(c.keep({ matmul: c.keptRows(rows) }, two), ws)).toBe(4 * (BATCH * 40 + 3 * 40 + 3 * 6));
  });

  it('give the gradient of the loss of those rows', () => {
    const w = wavy([6, 3], 'f32', 1);
    const found = c.grad((v: Tensor) => c.sum(c.square(c.keep({ matmul: c.keptRows(rows) }, f)(v))))(w);
    const some = c.take(input, rows);
    const expected = c.grad((v: Tensor) => c.sum(c.square(c.matmul(some, v))))(w);
    expect(distance(numbers(found), numbers(expected))).toBeLessThan(1e-5);
    expect(distance(numbers(found), flat([c.grad((v: Tensor) => c.sum(c.square(f(v))))(w)]))).toBeGreaterThan(0.1);
  });

  it('of anything but matrices are refused', () => {
    const g = c.keep({ matmul: c.keptRows(rows) }, (w: Tensor) => c.sum(c.matmul(c.ones([2, 2, 3]), w)));
    expect(() => c.grad(g)(c.ones([3, 2]))).toThrow(c.ShapeError);
  });
});

describe("residuals of one's own", () => {
  it('are all that is kept', () => {
    const half: KeepPolicy = {
      exp: {
        save: ({ outputs: [y] }) => [c.sum(y!)],
        pull: ([s], [ct]) => c.mul(ct!, s!),
      },
    };
    const f = c.keep(half, (x: Tensor) => c.exp(x));
    const x = wavy([10], 'f32');
    expect(c.savedBytes(f, x)).toBe(4);
    const expected = numbers(c.exp(x)).reduce((a, b) => a + b, 0);
    expect(
      c
        .grad((t: Tensor) => c.sum(f(t)))(x)
        .readSync()[3]!,
    ).toBeCloseTo(expected, 4);
  });
});

describe('refusals', () => {
  it('name the variants that there are', () => {
    expect(() => c.keep({ relu: 'index' }, (x: Tensor) => c.relu(x))(input)).toThrow(/it knows output, mask/);
    expect(() => c.keep({ tanh: 'mask' }, (x: Tensor) => c.tanh(x))(input)).toThrow(/no variants/);
    expect(() => c.keep({ relu: 'mask' }, (x: Tensor) => c.tanh(x))(input)).toThrow(c.ConfigError);
  });
});

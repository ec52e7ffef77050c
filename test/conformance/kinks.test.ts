/** Every line of docs/notes/0006-kinks.md: values and derivatives at kinks, jumps, poles and the ends of the integers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackendName, setBackend } from '../../src/engine/backends/current.ts';
import type { Dtype, FloatDtype } from '../../src/engine/dtype.ts';
import * as c from '../../src/engine/index.ts';
import type { Tensor } from '../../src/engine/tensor.ts';
import { linearizeFlat } from '../../src/engine/transforms/linearize.ts';

const INF = Number.POSITIVE_INFINITY;
const { NaN: NAN } = Number;
const MAX = 2 ** 31 - 1;
const MIN = -(2 ** 31);

type F = (...xs: Tensor[]) => Tensor;
/** A function, where it is looked at, and what is expected there (of each operand, for slopes). */
type Row = readonly [name: string, f: F, at: readonly number[], expected: readonly number[]];

const slopes: readonly Row[] = [
  ['relu at 0', (x) => c.relu(x!), [0], [0]],
  ['relu at −0', (x) => c.relu(x!), [-0], [0]],
  ['relu above', (x) => c.relu(x!), [3], [1]],
  ['abs at 0', (x) => c.abs(x!), [0], [0]],
  ['abs below', (x) => c.abs(x!), [-3], [-1]],
  ['sign at 0', (x) => c.sign(x!), [0], [0]],
  ['floor at a jump', (x) => c.floor(x!), [2], [0]],
  ['ceil between', (x) => c.ceil(x!), [1.5], [0]],
  ['trunc at 0', (x) => c.trunc(x!), [0], [0]],
  ['round at a half', (x) => c.round(x!), [2.5], [0]],
  ['clamp below', (x) => c.clamp(x!, -1, 1), [-2], [0]],
  ['clamp at the lower bound', (x) => c.clamp(x!, -1, 1), [-1], [1]],
  ['clamp inside', (x) => c.clamp(x!, -1, 1), [0.5], [1]],
  ['clamp at the upper bound', (x) => c.clamp(x!, -1, 1), [1], [1]],
  ['clamp above', (x) => c.clamp(x!, -1, 1), [2], [0]],
  ['clamp at NaN', (x) => c.clamp(x!, -1, 1), [NAN], [0]],
  ['clamp, its bounds, below', (x, a, b) => c.clamp(x!, a!, b!), [-2, -1, 1], [0, 1, 0]],
  ['clamp, its bounds, on the lower one', (x, a, b) => c.clamp(x!, a!, b!), [-1, -1, 1], [1, 0, 0]],
  ['clamp, its bounds, above', (x, a, b) => c.clamp(x!, a!, b!), [2, -1, 1], [0, 0, 1]],
  ['clamp, crossed bounds', (x, a, b) => c.clamp(x!, a!, b!), [0, 1, -1], [0, 0, 1]],
  ['maximum, a tie', (x, y) => c.maximum(x!, y!), [2, 2], [0.5, 0.5]],
  ['maximum', (x, y) => c.maximum(x!, y!), [2, 3], [0, 1]],
  ['minimum, a tie', (x, y) => c.minimum(x!, y!), [2, 2], [0.5, 0.5]],
  ['minimum', (x, y) => c.minimum(x!, y!), [2, 3], [1, 0]],
  ['sqrt at 0', (x) => c.sqrt(x!), [0], [INF]],
  ['where, NaN in the branch not taken', (a, b) => c.where(c.lt(a!, 5), a!, b!), [2, NAN], [1, 0]],
  ['where, ∞ in the branch not taken', (a, b) => c.where(c.lt(a!, 5), c.square(a!), c.mul(b!, 3)), [2, INF], [4, 0]],
  ['where around and inside sqrt', (x) => c.where(c.gt(x!, 0), c.sqrt(c.where(c.gt(x!, 0), x!, 1)), 0), [-1], [0]],
  ['leakyRelu at 0', (x) => c.leakyRelu(x!, { slope: 0.25 }), [0], [0.25]],
  ['hardTanh at −1', (x) => c.hardTanh(x!), [-1], [0]],
  ['hardTanh at 1', (x) => c.hardTanh(x!), [1], [0]],
  ['hardSigmoid at 3', (x) => c.hardSigmoid(x!), [3], [0]],
  ['softsign at 0', (x) => c.softsign(x!), [0], [1]],
  ['max, the first of equals', (x, y) => c.max(c.stack([x!, y!])), [2, 2], [1, 0]],
  ['min, the first of equals', (x, y) => c.min(c.stack([x!, y!])), [2, 2], [1, 0]],
  [
    'maxPool, the first of equals',
    (x, y) => c.sum(c.maxPool(c.reshape(c.stack([x!, y!]), [1, 1, 1, 2]), [1, 2])),
    [2, 2],
    [1, 0],
  ],
  ['prod with one zero', (x, y, z) => c.prod(c.stack([x!, y!, z!])), [2, 0, 3], [0, 6, 0]],
  ['prod with two zeros', (x, y, z) => c.prod(c.stack([x!, y!, z!])), [0, 0, 3], [0, 0, 0]],
];

const functionSlopes: readonly Row[] = [
  ['pow with exponent 0', (x, y) => c.pow(x!, y!), [2, 0], [0, Math.fround(Math.LN2)]],
  ['pow of 0 to 0', (x, y) => c.pow(x!, y!), [0, 0], [0, 0]],
  ['pow of 0 to 1', (x, y) => c.pow(x!, y!), [0, 1], [1, 0]],
  ['pow of 0 to 2.5', (x, y) => c.pow(x!, y!), [0, 2.5], [0, 0]],
  ['pow of 0 to ½', (x, y) => c.pow(x!, y!), [0, 0.5], [INF, 0]],
  ['pow of 0 to −1', (x, y) => c.pow(x!, y!), [0, -1], [-INF, -INF]],
  ['pow of a negative base to a whole power', (x, y) => c.pow(x!, y!), [-2, 3], [12, NAN]],
  ['atan2 at the origin', (y, x) => c.atan2(y!, x!), [0, 0], [NAN, NAN]],
  ['hypot at the origin', (x, y) => c.hypot(x!, y!), [0, 0], [NAN, NAN]],
  ['log at 0', (x) => c.log(x!), [0], [INF]],
  ['elu at 0', (x) => c.elu(x!, { alpha: 0.5 }), [0], [0.5]],
  ['elu far above', (x) => c.elu(x!), [1000], [1]],
  ['asinh at 0', (x) => c.asinh(x!), [0], [1]],
  ['sinh at 0', (x) => c.sinh(x!), [0], [1]],
  ['asin at 1', (x) => c.asin(x!), [1], [INF]],
  ['acosh at 1', (x) => c.acosh(x!), [1], [INF]],
  ['atanh at −1', (x) => c.atanh(x!), [-1], [INF]],
  ['softplus far below', (x) => c.softplus(x!), [-2000], [0]],
  ['softplus far above', (x) => c.softplus(x!), [2000], [1]],
  ['xlogy at (0, 0)', (x, y) => c.xlogy(x!, y!), [0, 0], [0, 0]],
  ['xlogy at (0, 2)', (x, y) => c.xlogy(x!, y!), [0, 2], [Math.fround(Math.LN2), 0]],
];

/** Second derivatives in the first operand. */
const bends: readonly Row[] = [
  ['pow of 0 to 0', (x, y) => c.pow(x!, y!), [0, 0], [0]],
  ['pow of 0 to 1', (x, y) => c.pow(x!, y!), [0, 1], [0]],
  ['pow of 0 to 2', (x, y) => c.pow(x!, y!), [0, 2], [2]],
  ['pow of 0 to 3', (x, y) => c.pow(x!, y!), [0, 3], [0]],
  ['pow of −2 to 3', (x, y) => c.pow(x!, y!), [-2, 3], [-12]],
  ['logistic at 0', (x) => c.logistic(x!), [0], [0]],
  ['softplus at 0', (x) => c.softplus(x!), [0], [0.25]],
  ['softplus far below', (x) => c.softplus(x!), [-2000], [0]],
  ['erf at 0', (x) => c.erf(x!), [0], [0]],
  ['logCosh at 0', (x) => c.logCosh(x!), [0], [1]],
];

const values: readonly Row[] = [
  ['maximum of +0 and −0', (x, y) => c.maximum(x!, y!), [0, -0], [0]],
  ['maximum of −0 and +0', (x, y) => c.maximum(x!, y!), [-0, 0], [0]],
  ['minimum of +0 and −0', (x, y) => c.minimum(x!, y!), [0, -0], [-0]],
  ['maximum with NaN', (x, y) => c.maximum(x!, y!), [1, NAN], [NAN]],
  ['minimum with NaN', (x, y) => c.minimum(x!, y!), [NAN, 1], [NAN]],
  ['sign of −0', (x) => c.sign(x!), [-0], [-0]],
  ['sign of NaN', (x) => c.sign(x!), [NAN], [NAN]],
  ['relu of −0', (x) => c.relu(x!), [-0], [0]],
  ['relu of NaN', (x) => c.relu(x!), [NAN], [NAN]],
  ['abs of −0', (x) => c.abs(x!), [-0], [0]],
  ['neg of 0', (x) => c.neg(x!), [0], [-0]],
  ['sqrt of −0', (x) => c.sqrt(x!), [-0], [-0]],
  ['sqrt below 0', (x) => c.sqrt(x!), [-1], [NAN]],
  ['round of ½', (x) => c.round(x!), [0.5], [0]],
  ['round of 1½', (x) => c.round(x!), [1.5], [2]],
  ['round of 2½', (x) => c.round(x!), [2.5], [2]],
  ['round of −0.3', (x) => c.round(x!), [-0.3], [-0]],
  ['floor of −0', (x) => c.floor(x!), [-0], [-0]],
  ['trunc of −0.9', (x) => c.trunc(x!), [-0.9], [-0]],
  ['ceil of −0.5', (x) => c.ceil(x!), [-0.5], [-0]],
  ['clamp of NaN', (x) => c.clamp(x!, 0, 1), [NAN], [NAN]],
  ['eq of NaN', (x) => c.eq(x!, x!), [NAN], [0]],
  ['ne of NaN', (x) => c.ne(x!, x!), [NAN], [1]],
  ['lt of NaN', (x, y) => c.lt(x!, y!), [NAN, 1], [0]],
  ['le of NaN', (x, y) => c.le(x!, y!), [NAN, 1], [0]],
  ['gt of NaN', (x, y) => c.gt(x!, y!), [NAN, 1], [0]],
  ['ge of NaN', (x, y) => c.ge(x!, y!), [NAN, 1], [0]],
  ['eq of +0 and −0', (x, y) => c.eq(x!, y!), [0, -0], [1]],
  ['isNaN', (x) => c.isNaN(x!), [NAN], [1]],
  ['isNaN of ∞', (x) => c.isNaN(x!), [INF], [0]],
  ['isFinite of −∞', (x) => c.isFinite(x!), [-INF], [0]],
  ['isFinite of NaN', (x) => c.isFinite(x!), [NAN], [0]],
  ['NaN to i32', (x) => c.cast(x!, 'i32'), [NAN], [0]],
  ['above i32', (x) => c.cast(x!, 'i32'), [1e20], [MAX]],
  ['below i32', (x) => c.cast(x!, 'i32'), [-INF], [MIN]],
  ['−1.9 to i32', (x) => c.cast(x!, 'i32'), [-1.9], [-1]],
  ['below u32', (x) => c.cast(x!, 'u32'), [-1], [0]],
  ['above u32', (x) => c.cast(x!, 'u32'), [INF], [2 ** 32 - 1]],
  ['NaN to bool', (x) => c.cast(x!, 'bool'), [NAN], [1]],
  ['argmax, the first of equals', (x, y, z) => c.argmax(c.stack([x!, y!, z!]), 0), [1, 3, 3], [1]],
  ['argmin, the first of equals', (x, y, z) => c.argmin(c.stack([x!, y!, z!]), 0), [3, 1, 1], [1]],
  ['argmax, NaN wins', (x, y, z) => c.argmax(c.stack([x!, y!, z!]), 0), [1, NAN, 3], [1]],
];

const functionValues: readonly Row[] = [
  ['pow of 1 to NaN', (x, y) => c.pow(x!, y!), [1, NAN], [1]],
  ['pow of NaN to 0', (x, y) => c.pow(x!, y!), [NAN, 0], [1]],
  ['pow of −0 to −1', (x, y) => c.pow(x!, y!), [-0, -1], [-INF]],
  ['pow of −8 to ⅓', (x, y) => c.pow(x!, y!), [-8, 1 / 3], [NAN]],
  ['atan2 of (0, −1)', (y, x) => c.atan2(y!, x!), [0, -1], [Math.PI]],
  ['atan2 of (−0, −1)', (y, x) => c.atan2(y!, x!), [-0, -1], [-Math.PI]],
  ['log of 0', (x) => c.log(x!), [0], [-INF]],
  ['log below 0', (x) => c.log(x!), [-1], [NAN]],
  ['xlogy of (0, 0)', (x, y) => c.xlogy(x!, y!), [0, 0], [0]],
  ['xlogy of (0, ∞)', (x, y) => c.xlogy(x!, y!), [0, INF], [0]],
  ['xlogy of (0, NaN)', (x, y) => c.xlogy(x!, y!), [0, NAN], [NAN]],
  ['hypot of huge numbers', (x, y) => c.hypot(x!, y!), [3e37, 4e37], [5e37]],
  ['hypot of (∞, 1)', (x, y) => c.hypot(x!, y!), [INF, 1], [INF]],
  ['asinh of a huge number', (x) => c.asinh(x!), [1e30], [Math.asinh(1e30)]],
];

const integers: readonly (readonly [name: string, f: F, dtype: Dtype, at: readonly number[], expected: number])[] = [
  ['add overflows', (x, y) => c.add(x!, y!), 'i32', [MAX, 1], MIN],
  ['sub overflows', (x, y) => c.sub(x!, y!), 'u32', [0, 1], 2 ** 32 - 1],
  ['mul overflows', (x, y) => c.mul(x!, y!), 'i32', [65537, 65537], 131073],
  ['mul overflows', (x, y) => c.mul(x!, y!), 'u32', [2 ** 32 - 1, 2], 2 ** 32 - 2],
  ['neg of the smallest', (x) => c.neg(x!), 'i32', [MIN], MIN],
  ['abs of the smallest', (x) => c.abs(x!), 'i32', [MIN], MIN],
  ['square overflows', (x) => c.square(x!), 'i32', [65537], 131073],
  ['div truncates', (x, y) => c.div(x!, y!), 'i32', [-7, 2], -3],
  ['div by 0', (x, y) => c.div(x!, y!), 'i32', [7, 0], 0],
  ['div of the smallest by −1', (x, y) => c.div(x!, y!), 'i32', [MIN, -1], MIN],
  ['rem has the sign of the dividend', (x, y) => c.rem(x!, y!), 'i32', [-7, 2], -1],
  ['rem by 0', (x, y) => c.rem(x!, y!), 'u32', [7, 0], 0],
  ['shift counts are modulo 32', (x, y) => c.shiftLeft(x!, y!), 'i32', [3, 33], 6],
  ['shiftRight keeps the sign', (x, y) => c.shiftRight(x!, y!), 'i32', [-8, 1], -4],
  ['shiftRight takes in zeros', (x, y) => c.shiftRight(x!, y!), 'u32', [2 ** 32 - 8, 1], 2 ** 31 - 4],
  ['cast to u32 keeps the bits', (x) => c.cast(x!, 'u32'), 'i32', [-1], 2 ** 32 - 1],
];

const everywhere: readonly [BackendName, FloatDtype][] = [
  ['js', 'f64'],
  ['wasm', 'f64'],
  ['wasm', 'f32'],
];

afterAll(() => setBackend('wasm'));

const scalars = (at: readonly number[], dtype: Dtype): Tensor[] => at.map((x) => c.tensor([x], { shape: [], dtype }));

/** Equal bits for small whole numbers, zeros and what is no number; else to a relative 1e-6. */
function expectLike(found: number, expected: number): void {
  if (Number.isSafeInteger(expected) || !Number.isFinite(expected)) expect(found).toBe(expected);
  else expect(Math.abs(found / expected - 1)).toBeLessThan(1e-6);
}

describe.each(everywhere)('on %s in %s', (backend, dtype) => {
  beforeAll(() => setBackend(backend));

  it.each([...slopes, ...functionSlopes])('slope: %s', (_, f, at, expected) => {
    const found = c.grad((xs: Tensor[]) => f(...xs))(scalars(at, dtype));
    // Zero has two signs, and which one a slope has is not promised.
    found.forEach((g, i) => {
      expectLike(g.item() + 0, expected[i]!);
    });
  });

  it.each([...slopes, ...functionSlopes])('slope forwards: %s', (_, f, at, expected) => {
    const xs = scalars(at, dtype);
    expected.forEach((want, i) => {
      const [, moved] = c.jvp(
        (x: Tensor) => f(...xs.map((y, k) => (k === i ? x : y))),
        xs[i]!,
        c.tensor([1], { shape: [], dtype }),
      );
      expectLike(moved.item() + 0, want);
    });
  });

  it('where around sqrt: forwards the branch not taken stays out, backwards 0·NaN comes in', () => {
    const f = (x: Tensor) => c.where(c.gt(x, 0), c.sqrt(x), 0);
    const [x, one] = scalars([-1, 1], dtype) as [Tensor, Tensor];
    expect(c.jvp(f, x, one)[1].item()).toBe(0);
    expect(c.grad(f)(x).item()).toBeNaN();
  });

  it.each(bends)('second derivative: %s', (_, f, at, [expected]) => {
    const [x, ...rest] = scalars(at, dtype);
    const second = c.grad((y: Tensor) => c.grad((z: Tensor) => f(z, ...rest))(y))(x!);
    expectLike(second.item() + 0, expected!);
  });

  it('second derivative: pow, mixed, with exponent 0 is 1 / x', () => {
    const [x, y] = scalars([2, 0], dtype);
    const mixed = c.grad((b: Tensor) => c.grad((a: Tensor) => c.pow(a, b))(x!))(y!);
    expectLike(mixed.item(), 0.5);
  });

  it.each([...values, ...functionValues])('value: %s', (_, f, at, [expected]) => {
    expectLike(f(...scalars(at, dtype)).item(), expected!);
  });

  it.each(integers)('integers: %s (%#)', (_, f, type, at, expected) => {
    expect(f(...scalars(at, type)).item()).toBe(expected);
  });
});

describe('symbolic zeros', () => {
  beforeAll(() => setBackend('js'));

  it.each([
    ['sign', c.sign],
    ['floor', c.floor],
    ['ceil', c.ceil],
    ['round', c.round],
    ['trunc', c.trunc],
  ] as const)('%s leaves nothing to transpose', (_, f) => {
    const { linear, hasTangent } = linearizeFlat((x) => [f(x!)], scalars([0.3], 'f64'));
    expect(hasTangent).toEqual([false]);
    expect(linear.nodes).toEqual([]);
  });
});

/** Fourier transforms of any length on (re, im) pairs; sums are taken in f64 and rounded to the operands' dtype. */
import { lowerFft } from '../backends/wasm/lower-fft.ts';
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { normalizeAxes, normalizeAxis, sameShape, showShape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { bind } from '../trace.ts';
import { add, FLOATS, mul, neg } from './arithmetic.ts';
import { partsOf, planFor, transform } from './fourier.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo, concat, flip, roll, sliceAxis, zerosLike } from './movement.ts';

/** Complex numbers as their real and imaginary parts, of one shape and dtype. */
export type ComplexPair = readonly [re: Tensor, im: Tensor];

interface FftParams {
  readonly axis: number;
  /** Of the exponent: X_k = Σ_j x_j·exp(sign·2πi·jk/n). */
  readonly sign: 1 | -1;
}

/** (re, im) → (re, im), without a factor. Linear in both; its transpose has the other sign. */
export const fftOp: Op<FftParams> = /* @__PURE__ */ defineOp<FftParams>({
  name: 'fft',
  version: 1,
  infer: ([re, im]) => {
    checkDtypes('fft', FLOATS, [re!.dtype, im!.dtype]);
    if (!sameShape(re!.shape, im!.shape))
      throw new ShapeError(`fft: the parts have shapes ${showShape(re!.shape)} and ${showShape(im!.shape)}`, {
        re: re!.shape,
        im: im!.shape,
      });
    return [re!, im!].map(({ shape, dtype }) => ({ shape, dtype }));
  },
  jvp: ({ primals, tangents, params }): readonly MaybeTensor[] =>
    bind(
      fftOp,
      primals.map((x, i) => tangents[i] ?? zerosLike(x)),
      params,
    ),
  transpose: ({ cts, inputs, params: { axis, sign } }): MaybeTensor[] => {
    const all = cts.map((ct, i) => ct ?? zerosLike(inputs[i]!));
    const back = bind(fftOp, all, { axis, sign: sign === 1 ? -1 : 1 });
    return inputs.map((x, i) => (isLinear(x) ? back[i]! : null));
  },
  batch: ({ inputs, batched, size, params: { axis, sign } }) => {
    const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return { outs: bind(fftOp, all, { axis: axis + 1, sign }), batched: [true, true] };
  },
  cost: ([re], _, { axis }) => ({ flops: 5 * sizeOf(re!.shape) * Math.log2(Math.max(2, re!.shape[axis]!)) }),
  wasm: lowerFft(() => fftOp),
  js: ([re, im], [toRe, toIm], { ins, params: { axis, sign } }) => {
    const { shape } = ins[0]!;
    const n = shape[axis]!;
    if (sizeOf(shape) === 0) return;
    const inner = sizeOf(shape.slice(axis + 1));
    const plan = planFor(n, sign);
    const line = partsOf(n);
    for (let i = 0; i < sizeOf(shape) / n; i++) {
      const at = Math.floor(i / inner) * n * inner + (i % inner);
      transform(plan, { re: re!, im: im! }, { at, stride: inner }, line, 0);
      for (let k = 0; k < n; k++) {
        toRe![at + k * inner] = line.re[k]!;
        toIm![at + k * inner] = line.im[k]!;
      }
    }
  },
});

const pairOf = (z: Tensor | ComplexPair): ComplexPair => (z instanceof Tensor ? [z, zerosLike(z)] : z);

function along(name: string, z: Tensor | ComplexPair, axes: number | readonly number[], sign: 1 | -1): ComplexPair {
  const pair = pairOf(z);
  return normalizeAxes(name, axes, pair[0].rank).reduce<ComplexPair>(
    (now, axis) => bind(fftOp, now, { axis, sign }) as unknown as ComplexPair,
    pair,
  );
}

/** X_k = Σ_j x_j·exp(−2πi·jk/n) along one axis or several, of any length; a real tensor counts as one with imaginary parts of 0. */
export const fft = (z: Tensor | ComplexPair, axes: number | readonly number[] = -1): ComplexPair =>
  along('fft', z, axes, -1);

/** The inverse of `fft`: x_j = 1/n·Σ_k X_k·exp(2πi·jk/n). */
export function ifft(z: Tensor | ComplexPair, axes: number | readonly number[] = -1): ComplexPair {
  const [re, im] = along('ifft', z, axes, 1);
  const count = normalizeAxes('ifft', axes, re.rank).reduce((n, a) => n * re.shape[a]!, 1);
  return count === 0 ? [re, im] : [mul(re, 1 / count), mul(im, 1 / count)];
}

/** The first ⌊n/2⌋ + 1 terms of the transform of real numbers; the others are their conjugates. */
export function rfft(x: Tensor, axis = -1): ComplexPair {
  const a = normalizeAxis('rfft', axis, x.rank);
  const [re, im] = fft(x, a);
  const half = (part: Tensor) => sliceAxis(part, a, 0, Math.floor(x.shape[a]! / 2) + 1);
  return [half(re), half(im)];
}

/** The n real numbers whose `rfft` is given; n is even, 2·(terms − 1), unless said. Imaginary parts that no real numbers have (k = 0, k = n/2) do not count. */
export function irfft(z: ComplexPair, n?: number, axis = -1): Tensor {
  const a = normalizeAxis('irfft', axis, z[0].rank);
  const terms = z[0].shape[a]!;
  const length = n ?? 2 * (terms - 1);
  if (!Number.isInteger(length) || length < 1 || Math.floor(length / 2) + 1 !== terms)
    throw new ShapeError(`irfft: ${terms} terms along axis ${a} do not belong to ${length} real numbers`, {
      shape: z[0].shape,
      axis: a,
      n: length,
      help: `pass n = ${Math.max(1, 2 * terms - 2)} or ${2 * terms - 1}`,
    });
  const mirrored = (part: Tensor) => flip(sliceAxis(part, a, 1, length - terms + 1), a);
  const whole: ComplexPair = [concat([z[0], mirrored(z[0])], a), concat([z[1], neg(mirrored(z[1]))], a)];
  return ifft(whole, a)[0];
}

/** x with the zero frequency moved to the middle, along the given axes or all. */
export const fftshift = (x: Tensor, axes?: number | readonly number[]): Tensor =>
  normalizeAxes('fftshift', axes, x.rank).reduce((y, a) => roll(y, Math.floor(y.shape[a]! / 2), a), x);

/** Undoes `fftshift`. */
export const ifftshift = (x: Tensor, axes?: number | readonly number[]): Tensor =>
  normalizeAxes('ifftshift', axes, x.rank).reduce((y, a) => roll(y, -Math.floor(y.shape[a]! / 2), a), x);

/** Weights both parts, so that one tensor shows them. */
const shown = ([re, im]: ComplexPair): Tensor => add(re, mul(im, 0.5));
const line = { shape: [2, 6, 3] };

export const fftChecks: readonly CheckRow[] = [
  { name: 'fft', f: (re, im) => shown(fft([re!, im!], 1)), args: [line, line] },
  { name: 'fft.prime', f: (re, im) => shown(fft([re!, im!])), args: [{ shape: [37] }, { shape: [37] }] },
  { name: 'fft.plane', f: (re) => shown(fft(re!, [0, 1])), args: [{ shape: [4, 3] }] },
  { name: 'fft.inverse', f: (re, im) => shown(ifft([re!, im!], 0)), args: [{ shape: [5, 2] }, { shape: [5, 2] }] },
  { name: 'rfft', f: (x) => shown(rfft(x!)), args: [{ shape: [2, 8] }] },
  { name: 'irfft', f: (re, im) => irfft([re!, im!], 7), args: [{ shape: [2, 4] }, { shape: [2, 4] }] },
  { name: 'fftshift', f: (x) => fftshift(x!), args: [{ shape: [4, 5] }] },
];

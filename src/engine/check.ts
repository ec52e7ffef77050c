/**
 * Checks of derivatives against arithmetic that knows no derivative rules.
 *
 * Forward    (f(x + h·v) − f(x − h·v)) / 2h in a random direction v, extrapolated from h and h/2, against jvp.
 * Reverse    ⟨ct, J·v⟩ = ⟨Jᵀ·ct, v⟩ for random ct and v.
 * Second     the same two checks of x ↦ Jᵀ(x)·c: forward over reverse, and reverse over reverse.
 * Kinks      a direction in which differences at h and h/2 do not behave as those of a smooth function is skipped; the derivative under test has no say in it.
 */
import type { TypedArray } from './dtype.ts';
import { isFloat, storageFor } from './dtype.ts';
import { ConfigError } from './errors.ts';
import { scoped } from './memory.ts';
import { fromArray } from './ops/create.ts';
import { Tensor } from './tensor.ts';
import { bits, keyFrom } from './threefry.ts';
import { jvp, vjp } from './transforms/api.ts';
import { flatten, leavesOf, unflatten } from './tree.ts';

export interface CheckGradientsOptions {
  /** 2 checks second derivatives too; 2 unless said. */
  readonly order?: 1 | 2;
  /** Chooses directions and cotangents. */
  readonly seed?: number;
  /** Random directions per check; the errors are their maxima. 3 unless said. */
  readonly directions?: number;
  /** Length h of the difference; 2⁻¹² in f64 and 2⁻⁶ in f32 unless said. */
  readonly step?: number;
}

/** Relative errors; null where nothing was measured, because of the order asked for or because every direction crossed a kink. */
export interface GradientErrors {
  readonly forward: number | null;
  readonly reverse: number | null;
  readonly forwardOverReverse: number | null;
  readonly reverseOverReverse: number | null;
  /** Differences that were compared, and those left out at kinks. */
  readonly compared: number;
  readonly skipped: number;
}

type Flat = (xs: Tensor[]) => Tensor[];

/** Compares jvp and vjp of a function of trees with central differences and with each other, to second order; f64 arguments give errors near 1e-9, f32 ones near 1e-3. */
export function checkGradients<A extends unknown[]>(
  f: (...args: A) => unknown,
  args: A,
  options: CheckGradientsOptions = {},
): GradientErrors {
  const { order = 2, seed = 0, directions = 3 } = options;
  return scoped(() => {
    const { flat, xs } = floatPart(f as (...args: unknown[]) => unknown, args);
    const random = new Draws(seed);
    const step = options.step ?? (xs.some((x) => x.dtype === 'f32') ? 2 ** -6 : 2 ** -12);
    const first = new Tally();
    const second = new Tally();
    for (let i = 0; i < directions; i++) {
      checkOnce(flat, xs, step, random, first);
      if (order === 2) checkOnce(pulledBack(flat, xs, random), xs, step, random, second);
    }
    return {
      forward: first.forward,
      reverse: first.reverse,
      forwardOverReverse: second.forward,
      reverseOverReverse: second.reverse,
      compared: first.compared + second.compared,
      skipped: first.skipped + second.skipped,
    };
  });
}

/** The function of the float leaves alone, and those leaves. */
function floatPart(f: (...args: unknown[]) => unknown, args: readonly unknown[]): { flat: Flat; xs: Tensor[] } {
  const [leaves, def] = flatten(args);
  const isVaried = leaves.map((x) => x instanceof Tensor && isFloat(x.dtype));
  const xs = leaves.filter((_, i) => isVaried[i]) as Tensor[];
  if (xs.length === 0)
    throw new ConfigError('checkGradients: no argument holds an f32 or f64 tensor', {
      help: 'pass the tensors to vary as arguments; numbers and integers are held fixed',
    });
  const flat: Flat = (varied) => {
    let at = 0;
    const rebuilt = unflatten<unknown[]>(
      def,
      leaves.map((x, i) => (isVaried[i] ? varied[at++] : x)),
    );
    return leavesOf(f(...rebuilt)).filter((y): y is Tensor => y instanceof Tensor && isFloat(y.dtype));
  };
  return { flat, xs };
}

/** x ↦ Jᵀ(x)·c for a random c. */
function pulledBack(f: Flat, xs: Tensor[], random: Draws): Flat {
  const c = random.like(f(xs));
  return (x) => vjp(f, x)[1](c);
}

/** The largest errors so far. */
class Tally {
  forward: number | null = null;
  reverse: number | null = null;
  compared = 0;
  skipped = 0;
}

/** NaN stays: it is an error that no later direction may hide. */
const worst = (a: number | null, b: number): number => (a === null ? b : Math.max(a, b));

function checkOnce(f: Flat, xs: Tensor[], step: number, random: Draws, tally: Tally): void {
  const v = random.like(xs);
  const [values, pushed] = jvp(f, xs, v);
  const ct = random.like(values);
  const pulled = vjp(f, xs)[1](ct);
  tally.reverse = worst(tally.reverse, adjointError(ct, pushed, pulled, v));
  const difference = directionalDifference(f, xs, v, step);
  if (difference === null) {
    tally.skipped++;
    return;
  }
  tally.compared++;
  tally.forward = worst(tally.forward, relativeError(numbersOf(pushed), difference.slope, 1e-4 * difference.magnitude));
}

/** |⟨ct, J·v⟩ − ⟨Jᵀ·ct, v⟩| relative to the sums of absolute products. */
function adjointError(ct: Tensor[], pushed: Tensor[], pulled: Tensor[], v: Tensor[]): number {
  const [left, leftScale] = dotAbs(numbersOf(ct), numbersOf(pushed));
  const [right, rightScale] = dotAbs(numbersOf(pulled), numbersOf(v));
  const scale = Math.max(leftScale, rightScale);
  return scale === 0 ? 0 : Math.abs(left - right) / scale;
}

function dotAbs(a: readonly number[], b: readonly number[]): [dot: number, absolute: number] {
  let dot = 0;
  let absolute = 0;
  a.forEach((x, i) => {
    dot += x * b[i]!;
    absolute += Math.abs(x * b[i]!);
  });
  return [dot, absolute];
}

/** The largest difference of two lists over the largest magnitude in either; `floor` is the least scale. */
export function relativeError(a: readonly number[], b: readonly number[], floor = 0): number {
  let gap = 0;
  let scale = floor;
  a.forEach((x, i) => {
    gap = Math.max(gap, Math.abs(x - b[i]!));
    scale = Math.max(scale, Math.abs(x), Math.abs(b[i]!));
  });
  return gap === 0 ? 0 : gap / scale;
}

interface Difference {
  readonly slope: number[];
  /** The largest value of f nearby; rounding of the difference is a fraction of it. */
  readonly magnitude: number;
}

/** The derivative along v by Richardson's extrapolation of central differences, or null where f is not smooth along it. */
function directionalDifference(f: Flat, xs: Tensor[], v: Tensor[], h: number): Difference | null {
  const at = (t: number): number[] => numbersOf(f(xs.map((x, i) => moved(x, v[i]!, t))));
  const [here, far, back, near, nearBack] = [0, h, -h, h / 2, -h / 2].map(at) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  const wide = here.map((_, i) => (far[i]! - back[i]!) / (2 * h));
  const narrow = here.map((_, i) => (near[i]! - nearBack[i]!) / h);
  const magnitude = largest(here);
  // Smooth: slopes agree to h², and the bend at h is four times the bend at h/2.
  const bend = here.map((y, i) => far[i]! - 2 * y + back[i]! - 4 * (near[i]! - 2 * y + nearBack[i]!));
  const isF32 = xs.some((x) => x.dtype === 'f32');
  const noise = (64 * (isF32 ? 2 ** -24 : 2 ** -53) * magnitude) / h;
  const roughness = largest(here.map((_, i) => Math.abs(wide[i]! - narrow[i]!) + Math.abs(bend[i]!) / h));
  if (roughness > noise + (isF32 ? 1e-2 : 1e-4) * Math.max(largest(wide), largest(narrow))) return null;
  return { slope: here.map((_, i) => (4 * narrow[i]! - wide[i]!) / 3), magnitude };
}

const largest = (list: readonly number[]): number => list.reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/** x + t·v, added in f64. */
function moved(x: Tensor, v: Tensor, t: number): Tensor {
  if (t === 0) return x;
  const from = x.readSync();
  const along = v.readSync();
  return fromArray(
    fill(x, (i) => from[i]! + t * along[i]!),
    x.shape,
    x.dtype,
  );
}

function fill(x: Tensor, f: (i: number) => number): TypedArray {
  const out = storageFor(x.dtype, x.size);
  for (let i = 0; i < out.length; i++) out[i] = f(i);
  return out;
}

const numbersOf = (xs: readonly Tensor[]): number[] => xs.flatMap((x) => Array.from(x.readSync()));

/** Directions with components of either sign between ½ and 1, so that none is lost in the others. */
class Draws {
  readonly #seed: number;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  like(xs: readonly Tensor[]): Tensor[] {
    return xs.map((x) => {
      const words = bits(keyFrom(this.#seed), x.size, this.#count);
      this.#count += x.size;
      return fromArray(
        fill(x, (i) => component(words[i]!)),
        x.shape,
        x.dtype,
      );
    });
  }
}

const component = (word: number): number => ((word & 1) === 0 ? 1 : -1) * (0.5 + (word >>> 9) / 2 ** 24);

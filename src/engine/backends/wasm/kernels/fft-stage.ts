/**
 * One stage of a Fourier transform in f64 on separate real and imaginary parts: sums over `radix` residues, then the turn by roots of unity, sorted as they are written.
 *
 * Order      y[q + s·(r·p + k)] = w^{p·k}·Σ_j x[q + s·(p + m·j)]·exp(−2πi·jk/r) for p < m, q < s: a line of r·m becomes r lines of m. The sums are those of `butterfly`,
 *            the same for every q and p, so neighbours, shares and the number of lines side by side leave the bits as they are.
 * Plan       two q at a time where lines lie side by side (s > 1), two p at a time in the first stage of a single line (`isFirst`, s = 1).
 * Arguments  (yRe, yIm, xRe, xIm, wRe, wIm, m, s, step, begin, end): p in [begin, end); w^e stands at place e·step. The inverse transform exchanges real and imaginary parts.
 * Source     Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, §1.7 (Stockham).
 */
import { cos, sin } from '../../../portable.ts';
import type { FunctionWriter, Local } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';
import type { Profile } from '../profile.ts';

/** Lengths of the sums that have a kernel, in the order in which a length is divided by them. */
export const RADICES = [4, 2, 3, 5, 7, 11, 13] as const;

interface Pair {
  readonly re: Local;
  readonly im: Local;
}

export function fftStageKernel(radix: number, isFirst: boolean): KernelSpec {
  return {
    key: `fft ${radix}${isFirst ? ' first' : ''}`,
    params: Array<'i32'>(11).fill('i32'),
    emit(w, profile, yRe, yIm, xRe, xIm, wRe, wIm, m, s, step, begin, end) {
      const stage = new Stage(w, profile, radix, {
        y: { re: yRe!, im: yIm! },
        x: { re: xRe!, im: xIm! },
        roots: { re: wRe!, im: wIm! },
        m: m!,
        s: s!,
        step: step!,
        begin: begin!,
        end: end!,
      });
      if (isFirst) stage.emitAlongLine();
      else stage.emitSideBySide();
    },
  };
}

interface Parts {
  readonly y: Pair;
  readonly x: Pair;
  readonly roots: Pair;
  readonly m: Local;
  readonly s: Local;
  readonly step: Local;
  readonly begin: Local;
  readonly end: Local;
}

const PARTS = ['re', 'im'] as const;

class Stage {
  readonly #w: FunctionWriter;
  readonly #profile: Profile;
  readonly #radix: number;
  readonly #parts: Parts;
  readonly #p: Local;
  readonly #from: Local;
  readonly #to: Local;
  /** Bytes from one residue to the next. */
  readonly #jump: Local;
  /** Bytes from real to imaginary parts. */
  readonly #apartX: Local;
  readonly #apartY: Local;

  constructor(w: FunctionWriter, profile: Profile, radix: number, parts: Parts) {
    this.#w = w;
    this.#profile = profile;
    this.#radix = radix;
    this.#parts = parts;
    [this.#p, this.#from, this.#to, this.#jump, this.#apartX, this.#apartY] = w.locals('i32', 6);
    const { x, y, m, s } = parts;
    w.assign(this.#jump, () => w.get(m).get(s).i32.mul().i32.const(3).i32.shl());
    w.assign(this.#apartX, () => w.get(x.im).get(x.re).i32.sub());
    w.assign(this.#apartY, () => w.get(y.im).get(y.re).i32.sub());
  }

  /** Lines side by side: the roots of one p serve all of them. */
  emitSideBySide(): void {
    const w = this.#w;
    const { x, y, s, begin, end } = this.#parts;
    const [left, bytes] = w.locals('i32', 2);
    w.assign(bytes, () => w.get(s).i32.const(3).i32.shl());
    w.for(this.#p, begin, end, 1, () => {
      const roots = this.#rootsOf((part, k) => {
        this.#pushRoot(part, k, this.#p);
        w.v128.load64_splat();
      });
      w.assign(this.#from, () => w.address(x.re, () => w.get(this.#p).get(bytes).i32.mul()));
      w.assign(this.#to, () =>
        w.address(y.re, () => w.get(this.#p).get(bytes).i32.mul().i32.const(this.#radix).i32.mul()),
      );
      const store = (isHalf: boolean) => (at: Local, value: Local, apart: Local | null) => {
        w.get(at);
        if (apart !== null) w.get(apart).i32.add();
        w.get(value);
        if (isHalf) w.v128.store64_lane(0);
        else w.v128.store();
      };
      w.assign(left, s);
      w.while(
        () => w.get(left).i32.const(2).i32.ge_u(),
        () => {
          this.#emitSums(roots, false, bytes, store(false));
          w.advance(this.#from, 16).advance(this.#to, 16).advance(left, -2);
        },
      );
      w.get(left).if(() => this.#emitSums(roots, true, bytes, store(true)));
    });
  }

  /** A single line: neighbouring p together; their results are r apart. */
  emitAlongLine(): void {
    const w = this.#w;
    const { x, y, begin, end } = this.#parts;
    const next = w.local('i32');
    const move = () => {
      w.assign(this.#from, () => w.address(x.re, this.#p, 3));
      w.assign(this.#to, () => w.address(y.re, () => w.get(this.#p).i32.const(this.#radix).i32.mul(), 3));
    };
    const store = (isHalf: boolean) => (at: Local, value: Local, apart: Local | null) => {
      for (const lane of isHalf ? [0] : [0, 1]) {
        w.get(at);
        if (apart !== null) w.get(apart).i32.add();
        w.get(value).v128.store64_lane(lane, 8 * this.#radix * lane);
      }
    };
    w.assign(this.#p, begin);
    w.while(
      () => w.get(end).get(this.#p).i32.sub().i32.const(2).i32.ge_u(),
      () => {
        w.assign(next, () => w.get(this.#p).i32.const(1).i32.add());
        const roots = this.#rootsOf((part, k) => {
          this.#pushRoot(part, k, next);
          this.#pushRoot(part, k, this.#p);
          w.v128.load64_zero().v128.load64_lane(1);
        });
        move();
        this.#emitSums(roots, false, 8, store(false));
        w.advance(this.#p, 2);
      },
    );
    w.get(end).get(this.#p).i32.ne();
    w.if(() => {
      const roots = this.#rootsOf((part, k) => {
        this.#pushRoot(part, k, this.#p);
        w.v128.load64_zero();
      });
      move();
      this.#emitSums(roots, true, 8, store(true));
    });
  }

  /** Address of w^{p·k}. */
  #pushRoot(part: 're' | 'im', k: number, p: Local): void {
    const w = this.#w;
    const { roots, step } = this.#parts;
    w.address(roots[part], () => w.get(p).get(step).i32.mul().i32.const(k).i32.mul(), 3);
  }

  #rootsOf(push: (part: 're' | 'im', k: number) => void): readonly Pair[] {
    const w = this.#w;
    return Array.from({ length: this.#radix - 1 }, (_, i) => {
      const [re, im] = PARTS.map((part) => {
        push(part, i + 1);
        return w.pop('v128');
      }) as [Local, Local];
      return { re, im };
    });
  }

  /** Reads the residues, sums, turns and writes, results `apart` bytes from one another. */
  #emitSums(
    roots: readonly Pair[],
    isHalf: boolean,
    apart: Local | number,
    store: (at: Local, value: Local, apart: Local | null) => void,
  ): void {
    const w = this.#w;
    w.scope(() => {
      const at = w.local('i32');
      const read = () => (isHalf ? w.v128.load64_zero() : w.v128.load());
      w.assign(at, this.#from);
      const x = Array.from({ length: this.#radix }, (): Pair => {
        w.get(at);
        const re = read().pop('v128');
        w.get(at).get(this.#apartX).i32.add();
        const im = read().pop('v128');
        w.advance(at, this.#jump);
        return { re, im };
      });
      const sums = butterfly(w, this.#profile, x);
      w.assign(at, this.#to);
      for (const [k, sum] of sums.entries()) {
        const { re, im } = k === 0 ? sum : times(w, this.#profile, sum, roots[k - 1]!);
        store(at, re, null);
        store(at, im, this.#apartY);
        w.advance(at, apart);
      }
    });
  }
}

/** a·b, its real part a.re·b.re − (a.im·b.im) with the second product taken away from the first, its imaginary part likewise. */
export function times(w: FunctionWriter, profile: Profile, a: Pair, b: Pair): Pair {
  w.get(a.im).get(b.im).get(a.re).get(b.re).f64x2.mul().nmadd('f64', profile);
  const re = w.pop('v128');
  w.get(a.re).get(b.im).get(a.im).get(b.re).f64x2.mul().madd('f64', profile);
  return { re, im: w.pop('v128') };
}

const plus = (w: FunctionWriter, a: Local, b: Local): Local => w.get(a).get(b).f64x2.add().pop('v128');
const minus = (w: FunctionWriter, a: Local, b: Local): Local => w.get(a).get(b).f64x2.sub().pop('v128');
const sumOf = (w: FunctionWriter, a: Pair, b: Pair): Pair => ({ re: plus(w, a.re, b.re), im: plus(w, a.im, b.im) });
const gapOf = (w: FunctionWriter, a: Pair, b: Pair): Pair => ({ re: minus(w, a.re, b.re), im: minus(w, a.im, b.im) });
/** a − i·b */
const turnDown = (w: FunctionWriter, a: Pair, b: Pair): Pair => ({ re: plus(w, a.re, b.im), im: minus(w, a.im, b.re) });
/** a + i·b */
const turnUp = (w: FunctionWriter, a: Pair, b: Pair): Pair => ({ re: minus(w, a.re, b.im), im: plus(w, a.im, b.re) });

/** X_k = Σ_j x_j·exp(−2πi·jk/r): directly for 2 and 4, for odd r by sums and differences of x_j and x_{r−j}. */
function butterfly(w: FunctionWriter, profile: Profile, x: readonly Pair[]): readonly Pair[] {
  if (x.length === 2) return [sumOf(w, x[0]!, x[1]!), gapOf(w, x[0]!, x[1]!)];
  if (x.length === 4) {
    const [even, odd] = [sumOf(w, x[0]!, x[2]!), sumOf(w, x[1]!, x[3]!)];
    const [straight, across] = [gapOf(w, x[0]!, x[2]!), gapOf(w, x[1]!, x[3]!)];
    return [sumOf(w, even, odd), turnDown(w, straight, across), gapOf(w, even, odd), turnUp(w, straight, across)];
  }
  return oddButterfly(w, profile, x);
}

function oddButterfly(w: FunctionWriter, profile: Profile, x: readonly Pair[]): readonly Pair[] {
  const r = x.length;
  const half = (r - 1) / 2;
  const pairs = Array.from({ length: half }, (_, i) => [x[i + 1]!, x[r - 1 - i]!] as const);
  const sums = pairs.map(([a, b]) => sumOf(w, a, b));
  const gaps = pairs.map(([a, b]) => gapOf(w, a, b));
  const y: Pair[] = [sums.reduce((total, s) => sumOf(w, total, s), x[0]!)];
  const weigh = (terms: readonly Pair[], weights: readonly number[], start: Pair | null): Pair => {
    const [re, im] = PARTS.map((part) => {
      const parts = terms.map((term) => term[part]);
      return weightedSum(w, profile, parts, weights, start?.[part] ?? null);
    }) as [Local, Local];
    return { re, im };
  };
  for (let k = 1; k <= half; k++) {
    const angles = sums.map((_, i) => (2 * Math.PI * (((i + 1) * k) % r)) / r);
    const [even, odd] = [weigh(sums, angles.map(cos), x[0]!), weigh(gaps, angles.map(sin), null)];
    y[k] = turnDown(w, even, odd);
    y[r - k] = turnUp(w, even, odd);
  }
  return y;
}

/** start + Σ weight·term, one after another. */
function weightedSum(
  w: FunctionWriter,
  profile: Profile,
  terms: readonly Local[],
  weights: readonly number[],
  start: Local | null,
): Local {
  let total = start;
  for (const [i, term] of terms.entries()) {
    w.get(term).f64x2.const(weights[i]!);
    if (total === null) w.f64x2.mul();
    else w.get(total).madd('f64', profile);
    total = w.pop('v128');
  }
  return total!;
}

/**
 * Fourier transforms on WASM: lines, or blocks of lines side by side, are moved to f64, go through stages of small sums, and are moved back.
 *
 * A length with a prime factor that has no stage becomes a cyclic convolution with a chirp, of a power of two. Bits depend on the length alone.
 */
import type { TypedArray } from '../../dtype.ts';
import type { Op, Params } from '../../op.ts';
import { chirpFor, type Parts, unitRoots } from '../../ops/fourier.ts';
import { sizeOf } from '../../shape.ts';
import { aval } from '../../tensor.ts';
import { hostKernel } from './host.ts';
import { fftMoveKernel, fftTurnKernel, type Move } from './kernels/fft-lines.ts';
import { fftStageKernel, RADICES } from './kernels/fft-stage.ts';
import type { KernelFunction, KernelLibrary } from './library.ts';
import type { WasmLowering } from './lower.ts';

interface FftParams {
  readonly axis: number;
  readonly sign: 1 | -1;
}

/** Numbers that a block of lines should not exceed, so that it stays in the caches. */
const BLOCK = 1 << 14;
/** Lines side by side at least, where there are as many: a cache line of them. */
const LINES = 8;

/** The radices of a length; null where a prime factor is left. */
function radicesOf(n: number): number[] | null {
  const found: number[] = [];
  let rest = n;
  for (const r of RADICES)
    while (rest % r === 0) {
      found.push(r);
      rest /= r;
    }
  return rest === 1 ? found : null;
}

/** What depends on the length alone. */
interface Scheme {
  readonly n: number;
  /** Length of the stages: n, or that of the convolution. */
  readonly length: number;
  readonly radices: readonly number[];
  /** Roots of the length, then wave and kernel of the chirp if there is one: real parts first in each. */
  readonly tables: Float64Array;
  readonly isChirp: boolean;
}

function schemeOf(n: number): Scheme {
  const radices = radicesOf(n);
  if (radices !== null) return { n, length: n, radices, tables: joined(unitRoots(n, n, (k) => -k)), isChirp: false };
  const { wave, kernel, plan } = chirpFor(n, -1);
  const length = plan.n;
  const scaled = { re: kernel.re.map((x) => x / length), im: kernel.im.map((x) => x / length) };
  const tables = joined(
    unitRoots(length, length, (k) => -k),
    wave,
    scaled,
  );
  return { n, length, radices: radicesOf(length)!, tables, isChirp: true };
}

function joined(...all: readonly Parts[]): Float64Array {
  const arrays = all.flatMap(({ re, im }) => [re, im]);
  const table = new Float64Array(arrays.reduce((n, x) => n + x.length, 0));
  let at = 0;
  for (const x of arrays) {
    table.set(x, at);
    at += x.length;
  }
  return table;
}

/** Lines that are transformed side by side. */
const widthOf = (length: number, inner: number): number =>
  Math.min(inner, Math.max(LINES, 2 * Math.floor(BLOCK / (2 * length))));

export function lowerFft<P extends FftParams & Params>(op: () => Op<P>): WasmLowering<P> {
  return (context, ins, outs, params) => {
    const { shape } = ins[0]!;
    const n = shape[params.axis]!;
    if (sizeOf(shape) === 0) return;
    const inner = sizeOf(shape.slice(params.axis + 1));
    const scheme = schemeOf(n);
    const width = widthOf(scheme.length, inner);
    const work = context.temp({ shape: [4 * scheme.length * width], dtype: 'f64' });
    const tables = context.temp({ shape: [scheme.tables.length], dtype: 'f64' });
    const spec = hostKernel(op(), ins.map(aval), outs.map(aval), params, {
      rooms: [work, tables].map(aval),
      run: (library) => {
        const lines = new Lines(library, scheme, ins[0]!.dtype === 'f32', { inner, width });
        return (inputs, outputs, _, [room, table]) => lines.run(inputs, outputs, params.sign, room!, table!);
      },
    });
    context.call(spec, [...ins, ...outs, work, tables], 1);
  };
}

/** Addresses of real and imaginary parts. */
type Place = readonly [re: number, im: number];

class Lines {
  readonly #scheme: Scheme;
  readonly #layout: { readonly inner: number; readonly width: number };
  readonly #bytes: 4 | 8;
  readonly #stages: readonly {
    readonly radix: number;
    readonly single: KernelFunction;
    readonly many: KernelFunction;
  }[];
  readonly #read: KernelFunction;
  readonly #write: KernelFunction;
  readonly #turn: KernelFunction;

  constructor(
    library: KernelLibrary,
    scheme: Scheme,
    isNarrow: boolean,
    layout: { readonly inner: number; readonly width: number },
  ) {
    const move = (name: Move) => library.get(fftMoveKernel(name));
    this.#scheme = scheme;
    this.#layout = layout;
    this.#bytes = isNarrow ? 4 : 8;
    this.#stages = scheme.radices.map((radix, i) => {
      const many = library.get(fftStageKernel(radix, false));
      return { radix, many, single: i === 0 ? library.get(fftStageKernel(radix, true)) : many };
    });
    this.#read = move(isNarrow ? 'f32 to f64' : 'f64');
    this.#write = move(isNarrow ? 'f64 to f32' : 'f64');
    this.#turn = library.get(fftTurnKernel);
  }

  run(
    inputs: readonly TypedArray[],
    outputs: readonly TypedArray[],
    sign: 1 | -1,
    work: TypedArray,
    tables: TypedArray,
  ): void {
    const { inner, width } = this.#layout;
    const { n } = this.#scheme;
    tables.set(this.#scheme.tables);
    // Parts exchanged before and after turn the sum round.
    const [first, second] = sign === -1 ? [0, 1] : [1, 0];
    const from: Place = [inputs[first]!.byteOffset, inputs[second]!.byteOffset];
    const to: Place = [outputs[first]!.byteOffset, outputs[second]!.byteOffset];
    const count = inputs[0]!.length / (n * inner);
    for (let outer = 0; outer < count; outer++)
      for (let column = 0; column < inner; column += width) {
        const offset = this.#bytes * (outer * n * inner + column);
        this.#block(from, to, { offset, lines: Math.min(width, inner - column) }, work, tables.byteOffset);
      }
  }

  /** `lines` lines side by side, which begin `offset` bytes from the beginning. */
  #block(
    from: Place,
    to: Place,
    { offset, lines }: { readonly offset: number; readonly lines: number },
    work: TypedArray,
    tables: number,
  ): void {
    const { length, isChirp } = this.#scheme;
    const [room, size] = [work.byteOffset, 8 * length * lines];
    const one: Place = [room, room + size];
    const two: Place = [room + 2 * size, room + 3 * size];
    if (isChirp) work.fill(0, 0, 2 * length * lines);
    for (const part of [0, 1] as const) this.#move(this.#read, one[part], from[part] + offset, lines, true);
    const found = isChirp ? this.#convolve(one, two, lines, tables) : this.#transform(one, two, lines, tables);
    for (const part of [0, 1] as const) this.#move(this.#write, to[part] + offset, found[part], lines, false);
  }

  #move(kernel: KernelFunction, to: number, from: number, lines: number, isRead: boolean): void {
    const { inner } = this.#layout;
    const { n } = this.#scheme;
    if (inner === 1) kernel(to, from, n, 0, 0, 0, 1);
    else {
      const [near, far] = [8 * lines, this.#bytes * inner];
      kernel(to, from, lines, isRead ? near : far, isRead ? far : near, 0, n);
    }
  }

  /** Goes to and fro between two places; returns the one that holds the result. */
  #transform(one: Place, two: Place, lines: number, tables: number): Place {
    const { length } = this.#scheme;
    let [x, y] = [one, two];
    let [m, s] = [length, lines];
    for (const { radix, single, many } of this.#stages) {
      m /= radix;
      const stage = s === 1 ? single : many;
      stage(...y, ...x, tables, tables + 8 * length, m, s, s / lines, 0, m);
      [x, y] = [y, x];
      s *= radix;
    }
    return x;
  }

  /** X_k = w_k·Σ_j (x_j·w_j)·w̄_{k−j}, as a cyclic convolution of a longer length. */
  #convolve(one: Place, two: Place, lines: number, tables: number): Place {
    const { n, length } = this.#scheme;
    const wave = tables + 16 * length;
    const kernel = wave + 16 * n;
    const turn = (x: Place, at: number, size: number, rows: number) =>
      this.#turn(...x, ...x, at, at + 8 * size, lines, 0, rows);
    turn(one, wave, n, n);
    const spectrum = this.#transform(one, two, lines, tables);
    const free = spectrum === one ? two : one;
    turn(spectrum, kernel, length, length);
    const swap = ([re, im]: Place): Place => [im, re];
    const found = swap(this.#transform(swap(spectrum), swap(free), lines, tables));
    turn(found, wave, n, n);
    return found;
  }
}

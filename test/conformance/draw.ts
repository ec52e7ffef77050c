/** Operands of a row, drawn on the host: the same numbers for every backend and dtype. */
import type { CheckArg, CheckRow } from '../../src/engine/check-row.ts';
import type { Dtype, FloatDtype } from '../../src/engine/dtype.ts';
import { sizeOf } from '../../src/engine/shape.ts';
import { bits, foldIn, type KeyWords, keyFrom } from '../../src/engine/threefry.ts';

/** A tensor's elements on the host. */
export interface HostTensor {
  readonly shape: readonly number[];
  /** `float` becomes f32 or f64. */
  readonly kind: 'float' | 'i32' | 'u32' | 'bool';
  readonly data: readonly number[];
}

export const dtypeOf = (x: HostTensor, float: FloatDtype): Dtype => (x.kind === 'float' ? float : x.kind);

/** Words one by one. */
class Words {
  readonly #key: KeyWords;
  #at = 0;
  constructor(key: KeyWords) {
    this.#key = key;
  }
  /** Uniform in [0, 1). */
  next(): number {
    return bits(this.#key, 1, this.#at++)[0]! / 2 ** 32;
  }
}

const keyOf = (name: string, draw: number): KeyWords =>
  foldIn(
    [...name].reduce((key, c) => foldIn(key, c.codePointAt(0)!), keyFrom(7)),
    draw,
  );

/** The operands of a row; different `draw`s give different numbers. */
export function drawArgs(row: CheckRow, draw = 0): HostTensor[] {
  const words = new Words(keyOf(row.name, draw));
  return row.args.map((arg) => ({ shape: arg.shape, kind: arg.kind ?? 'float', data: drawArg(arg, words) }));
}

function drawArg(arg: CheckArg, words: Words): number[] {
  const { kind = 'float', shape } = arg;
  const [low, high] = arg.domain ?? (kind === 'float' ? [-2, 2] : kind === 'bool' ? [0, 1] : [0, 7]);
  const out: number[] = [];
  const draw = () =>
    kind === 'float'
      ? Math.fround(low + (high - low) * words.next())
      : low + Math.floor((high - low + 1) * words.next());
  for (let tries = 0; out.length < sizeOf(shape); tries++) {
    if (tries > 1e5) throw new Error(`no ${sizeOf(shape)} numbers in [${low}, ${high}] lie ${arg.apart} apart`);
    const x = draw();
    if (isApart(x, out, arg)) out.push(x);
  }
  return out;
}

function isApart(x: number, before: readonly number[], { apart, kinks = [] }: CheckArg): boolean {
  const near = (y: number, least: number) => Math.abs(x - y) < least;
  return !kinks.some((k) => near(k, apart ?? 0.01)) && (apart === undefined || !before.some((y) => near(y, apart)));
}

/** Directions and cotangents: numbers of either sign between ½ and 1. */
export function drawLike(name: string, shapes: readonly (readonly number[])[], draw = 0): HostTensor[] {
  const words = new Words(keyOf(name, 1000 + draw));
  const component = () => (words.next() < 0.5 ? -1 : 1) * Math.fround(0.5 + words.next() / 2);
  return shapes.map((shape) => ({ shape, kind: 'float', data: Array.from({ length: sizeOf(shape) }, component) }));
}

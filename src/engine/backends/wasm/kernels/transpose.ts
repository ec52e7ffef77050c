/** Transposes in registers: as many vectors as a vector has lanes. */
import type { FunctionWriter, Local } from '../assembler.ts';

/** Pushers of the rows of the transposed tile: two vectors of 8-byte lanes or four of 4-byte lanes. */
export function transposeVectors(w: FunctionWriter, vectors: readonly Local[]): readonly (() => void)[] {
  return vectors.length === 2 ? pairs(w, vectors) : quads(w, vectors);
}

function pairs(w: FunctionWriter, [a, b]: readonly Local[]): (() => void)[] {
  return [() => w.get(a!).get(b!).i64x2.shuffle([0, 2]), () => w.get(a!).get(b!).i64x2.shuffle([1, 3])];
}

function quads(w: FunctionWriter, [a, b, c, d]: readonly Local[]): (() => void)[] {
  const mix = (x: Local, y: Local, lanes: readonly number[]) => w.get(x).get(y).i32x4.shuffle(lanes).pop('v128');
  const abLow = mix(a!, b!, [0, 4, 1, 5]);
  const cdLow = mix(c!, d!, [0, 4, 1, 5]);
  const abHigh = mix(a!, b!, [2, 6, 3, 7]);
  const cdHigh = mix(c!, d!, [2, 6, 3, 7]);
  return [
    () => w.get(abLow).get(cdLow).i32x4.shuffle([0, 1, 4, 5]),
    () => w.get(abLow).get(cdLow).i32x4.shuffle([2, 3, 6, 7]),
    () => w.get(abHigh).get(cdHigh).i32x4.shuffle([0, 1, 4, 5]),
    () => w.get(abHigh).get(cdHigh).i32x4.shuffle([2, 3, 6, 7]),
  ];
}

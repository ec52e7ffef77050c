/** Plane rotations: the angles that several methods choose, and their application to rows. */
import type { TypedArray } from '../../dtype.ts';
import { type Block, type BlockMath, blockOf } from './block.ts';

/** Cosine and sine of the rotation that makes the off-diagonal element of [[p, o], [o, q]] zero; the smaller of the two angles. */
export function jacobiRotation(p: number, o: number, q: number): [c: number, s: number] {
  const slope = (q - p) / (2 * o);
  const t = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(1 + slope * slope));
  const c = 1 / Math.sqrt(1 + t * t);
  return [c, c * t];
}

/** Rotates two strided lines of n elements: x ← c·x − s·y, y ← s·x + c·y. */
export function rotate(
  a: TypedArray,
  [i, j, stride, n]: readonly [i: number, j: number, stride: number, n: number],
  [c, s]: readonly [number, number],
): void {
  for (let k = 0; k < n; k++) {
    const x = a[i + k * stride]!;
    const y = a[j + k * stride]!;
    a[i + k * stride] = c * x - s * y;
    a[j + k * stride] = s * x + c * y;
  }
}

/** The length of (x, y), without overflow on the way; much faster than Math.hypot. */
export function length2(x: number, y: number): number {
  const [a, b] = [Math.abs(x), Math.abs(y)];
  const large = a > b ? a : b;
  if (large === 0) return 0;
  const ratio = (a > b ? b : a) / large;
  return large * Math.sqrt(1 + ratio * ratio);
}

/** Rotations of neighbouring rows, noted first and applied together. */
export class Rotations {
  readonly #math: BlockMath;
  /** Cosines, then sines: (2, n). */
  readonly #angles: Block;

  /** `room` holds 2·n numbers. */
  constructor(math: BlockMath, room: Float64Array) {
    this.#math = math;
    this.#angles = blockOf(room, 2, room.length / 2);
  }

  /** Notes number i: x ← c·x + s·y, y ← c·y − s·x for x = row i, y = row i + 1. */
  set(i: number, c: number, s: number): void {
    const { data, at, down } = this.#angles;
    data[at + i] = c;
    data[at + down + i] = s;
  }

  /** Applies numbers from … to − 1, in this order, to the rows of w, which have n elements. */
  down(w: Float64Array, n: number, from: number, to: number): void {
    this.#math.rotate(blockOf(w, w.length / n, n), this.#angles, [from, to], false);
  }

  /** The same in falling order. */
  up(w: Float64Array, n: number, from: number, to: number): void {
    this.#math.rotate(blockOf(w, w.length / n, n), this.#angles, [from, to], true);
  }
}

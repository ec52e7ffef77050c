/** Shapes, strides and axes: the integer arithmetic under every op. */
import { ShapeError } from './errors.ts';

export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const d of shape) size *= d;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i]!;
  }
  return strides;
}

/** Strides that read a tensor of shape `from` as if it were broadcast to `to`: 0 along every repeated axis. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const lead = to.length - from.length;
  return to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : own[i - lead]!));
}

/** The NumPy broadcast of several shapes; throws a ShapeError that names both operands and the axis that differs. */
export function broadcastShapes(op: string, ...shapes: readonly Shape[]): Shape {
  let out = shapes[0]!;
  for (let s = 1; s < shapes.length; s++) out = broadcastPair(op, out, shapes[s]!);
  return out;
}

function broadcastPair(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const p = a[a.length - i] ?? 1;
    const q = b[b.length - i] ?? 1;
    if (p !== q && p !== 1 && q !== 1) {
      throw new ShapeError(
        `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: axis -${i} is ${p} on one side and ${q} on the other`,
        {
          left: a,
          right: b,
          axis: -i,
          help: 'axes are matched from the last one; insert an axis of length 1 with expandDims, or transpose one operand',
        },
      );
    }
    out[rank - i] = p === 1 ? q : p;
  }
  return out;
}

/** Turns an axis that may be negative into one in [0, rank). */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${op}: axis ${axis} does not exist in a tensor of rank ${rank}`, {
      axis,
      rank,
      help: rank === 0 ? 'a scalar has no axes' : `use an integer from ${-rank} to ${rank - 1}`,
    });
  }
  return axis < 0 ? axis + rank : axis;
}

/** Sorted distinct axes; undefined means all of them. */
export function normalizeAxes(op: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : axes).map((a) => normalizeAxis(op, a, rank));
  if (new Set(list).size !== list.length)
    throw new ShapeError(`${op}: axes ${showShape(list)} name one axis twice`, { axes: list });
  return list.sort((a, b) => a - b);
}

/** Checks that every extent is a non-negative integer. */
export function checkShape(op: string, shape: Shape): Shape {
  for (const d of shape) {
    if (!Number.isInteger(d) || d < 0)
      throw new ShapeError(`${op}: ${showShape(shape)} is no shape: every extent is a whole number ≥ 0`, { shape });
  }
  return shape;
}

/** The shape that is left when `axes` (sorted) are dropped, or kept with length 1. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims ? shape.map((d, i) => (axes.includes(i) ? 1 : d)) : shape.filter((_, i) => !axes.includes(i));
}

export const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

/** Reductions of images: centre crop, area mean to any smaller size, binarisation. */
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { featureSize, type Part } from './part.ts';

interface Overlap {
  readonly from: number;
  readonly weights: readonly number[];
}

/** Cuts the middle height × width pixels out; an odd remainder leaves one row or column more below or to the right. */
export function centreCrop(part: Part, height: number, width: number = height): Part {
  const [channels, h, w] = requireImages(part, height, width);
  const top = (h - height) >> 1;
  const left = (w - width) >> 1;
  const out = new (part.x.constructor as new (n: number) => Part['x'])(part.n * channels * height * width);
  for (let row = 0; row < part.n * channels * height; row++) {
    const from = (Math.floor(row / height) * h + top + (row % height)) * w + left;
    out.set(part.x.subarray(from, from + width), row * width);
  }
  return { ...part, x: out, shape: [part.n, channels, height, width] };
}

/** Averages over equal areas to height × width, pixels on a border counting by their share; the result has unit 1. */
export function areaMean(part: Part, height: number, width: number = height): Part {
  const [channels, h, w] = requireImages(part, height, width);
  const rows = overlaps(h, height);
  const columns = overlaps(w, width);
  const out = new Float32Array(part.n * channels * height * width);
  const scale = (height * width) / (h * w * part.unit);
  let at = 0;
  for (let plane = 0; plane < part.n * channels; plane++) {
    const from = plane * h * w;
    for (const row of rows) for (const column of columns) out[at++] = areaSum(part.x, from, w, row, column) * scale;
  }
  return { ...part, x: out, shape: [part.n, channels, height, width], unit: 1 };
}

/** Sets every value to 1 where it exceeds the threshold (in units, so 0.5 is half of white), else to 0. */
export function binarise(part: Part, threshold = 0.5): Part {
  const x = new Uint8Array(part.x.length);
  for (let i = 0; i < x.length; i++) x[i] = part.x[i]! > threshold * part.unit ? 1 : 0;
  return { ...part, x, unit: 1 };
}

/** Drops the spatial axes: rows become [features], as dense models take them. */
export function flatten(part: Part): Part {
  return { ...part, shape: [part.n, featureSize(part)] };
}

function areaSum(x: ArrayLike<number>, from: number, width: number, row: Overlap, column: Overlap): number {
  let sum = 0;
  row.weights.forEach((rowWeight, i) => {
    const start = from + (row.from + i) * width + column.from;
    let line = 0;
    for (let j = 0; j < column.weights.length; j++) line += column.weights[j]! * x[start + j]!;
    sum += rowWeight * line;
  });
  return sum;
}

/** For each of `to` equal cells of an axis of `size` pixels: the pixels it overlaps, and by how much. */
function overlaps(size: number, to: number): Overlap[] {
  return Array.from({ length: to }, (_, cell) => {
    // Cell borders are cell·size/to; working in multiples of 1/to keeps every overlap an exact integer.
    const low = cell * size;
    const high = low + size;
    const from = Math.floor(low / to);
    const last = Math.ceil(high / to);
    const share = (pixel: number): number => (Math.min(high, (pixel + 1) * to) - Math.max(low, pixel * to)) / to;
    return { from, weights: Array.from({ length: last - from }, (_, i) => share(from + i)) };
  });
}

function requireImages(part: Part, height: number, width: number): readonly [number, number, number] {
  const [, channels, h, w] = part.shape;
  if (part.shape.length !== 4) {
    throw new ShapeError(`expected images of [n, channels, height, width], found [${part.shape}]`, {
      found: part.shape,
      help: 'reduce images before flattening them',
    });
  }
  const fits = (size: number, limit: number): boolean => Number.isInteger(size) && size >= 1 && size <= limit;
  if (!fits(height, h!) || !fits(width, w!)) {
    throw new ConfigError(`images of ${h}×${w} cannot be reduced to ${height}×${width}`, {
      from: [h, w],
      to: [height, width],
    });
  }
  return [channels!, h!, w!];
}

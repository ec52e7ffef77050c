/** Turns the strokes of a glyph into short straight segments: Catmull–Rom through the points of curves, then a smooth warp. */
import type { HostRandom } from '../../engine/threefry.ts';
import type { Glyph, Stroke } from './glyphs.ts';

/** Straight segments, four numbers each: x0, y0, x1, y1. */
export interface Outline {
  readonly segments: Float64Array;
  count: number;
}

const PIECES = 5;
const CAPACITY = 4 * 16 * PIECES;

export const emptyOutline = (): Outline => ({ segments: new Float64Array(4 * CAPACITY), count: 0 });

/** Writes the segments of a glyph whose points are each moved by normal noise of deviation `jitter`. */
export function traceGlyph(out: Outline, glyph: Glyph, jitter: number, random: HostRandom): void {
  out.count = 0;
  for (const stroke of glyph.strokes) {
    const points = stroke.points.map((v) => v + jitter * random.normal());
    if (stroke.kind === 'line') traceLine(out, points);
    else traceCurve(out, points, stroke);
  }
}

function traceLine(out: Outline, points: readonly number[]): void {
  for (let i = 0; i + 3 < points.length; i += 2) {
    const [x0, y0, x1, y1] = points.slice(i, i + 4);
    // Split, so that the warp can bend straight strokes too.
    for (let piece = 0; piece < PIECES; piece++) {
      const [from, to] = [piece / PIECES, (piece + 1) / PIECES];
      push(out, mix(x0!, x1!, from), mix(y0!, y1!, from), mix(x0!, x1!, to), mix(y0!, y1!, to));
    }
  }
}

function traceCurve(out: Outline, points: readonly number[], { kind }: Stroke): void {
  const n = points.length / 2;
  const at = (i: number): number => (kind === 'loop' ? (i + n) % n : Math.min(n - 1, Math.max(0, i)));
  for (let i = 0; i < (kind === 'loop' ? n : n - 1); i++) {
    const corner = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const xs = corner.map((c) => points[2 * c]!);
    const ys = corner.map((c) => points[2 * c + 1]!);
    let [x, y] = [xs[1]!, ys[1]!];
    for (let piece = 1; piece <= PIECES; piece++) {
      const [nextX, nextY] = [catmullRom(xs, piece / PIECES), catmullRom(ys, piece / PIECES)];
      push(out, x, y, nextX, nextY);
      [x, y] = [nextX, nextY];
    }
  }
}

function catmullRom(p: readonly number[], t: number): number {
  const [a, b, c, d] = p as [number, number, number, number];
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

const mix = (a: number, b: number, t: number): number => a + (b - a) * t;

function push(out: Outline, x0: number, y0: number, x1: number, y1: number): void {
  out.segments.set([x0, y0, x1, y1], 4 * out.count++);
}

/** The hand: size, slant, rotation, place, pen and a smooth elastic field, drawn per image and applied to an outline. */
import { cos, sin } from '../../engine/portable.ts';
import type { HostRandom } from '../../engine/threefry.ts';
import type { Outline } from './outline.ts';

/** How widely hands differ; lengths in units of the image side, glyph lengths in units of the glyph. */
export interface HandOptions {
  /** Height of the glyph, lowest and highest. */
  readonly height: readonly [number, number];
  /** Width over height. */
  readonly aspect: readonly [number, number];
  /** Deviation of the horizontal shear. */
  readonly slant: number;
  /** Deviation of the rotation, radians. */
  readonly rotation: number;
  /** Deviation of the centre. */
  readonly shift: number;
  /** Radius of the pen. */
  readonly pen: readonly [number, number];
  /** Deviation of each point of the skeleton, glyph units. */
  readonly jitter: number;
  /** Deviation of the elastic field at its nodes, glyph units. */
  readonly elastic: number;
  /** Width of the soft edge, pixels. */
  readonly edge: readonly [number, number];
  /** Brightness of the ink, 0 … 1. */
  readonly ink: readonly [number, number];
  /** Largest deviation of the noise on every pixel, 0 … 1. */
  readonly noise: number;
}

// Tuned so that a linear model, a dense network and a convolutional one come apart; the figures stand in docs/notes/0008-data.md.
const HAND: HandOptions = {
  height: [0.56, 0.76],
  aspect: [0.46, 0.82],
  slant: 0.25,
  rotation: 0.15,
  shift: 0.041,
  pen: [0.026, 0.06],
  jitter: 0.033,
  elastic: 0.05,
  edge: [0.9, 1.7],
  ink: [0.75, 1],
  noise: 0.16,
};

// Eight pixels leave no room for a margin or a thin pen.
const SMALL_HAND: HandOptions = { ...HAND, height: [0.76, 0.98], pen: [0.05, 0.085], edge: [0.8, 1.2], noise: 0.1 };

/** The hand for images of a side of so many pixels. */
export const handFor = (size: number): HandOptions => (size < 16 ? SMALL_HAND : HAND);

const NODES = 4;

/** Moves every point by a field that is random at 4×4 nodes over the box and smooth between them. */
export function bend(outline: Outline, deviation: number, random: HostRandom): void {
  const field = Float64Array.from({ length: 2 * NODES * NODES }, () => deviation * random.normal());
  const { segments, count } = outline;
  for (let i = 0; i < 4 * count; i += 2) {
    const [dx, dy] = fieldAt(field, segments[i]!, segments[i + 1]!);
    segments[i]! += dx;
    segments[i + 1]! += dy;
  }
}

/** Draws size, slant, rotation and place, and carries the outline from its box to pixels, its own box centred. */
export function place(outline: Outline, hand: HandOptions, side: number, random: HostRandom): void {
  const height = side * random.uniform(...hand.height);
  const width = height * random.uniform(...hand.aspect);
  const slant = hand.slant * bounded(random);
  const angle = hand.rotation * bounded(random);
  const [c, s] = [cos(angle), sin(angle)];
  // Columns of rotation · shear · scale.
  const [xx, yx] = [c * width, s * width];
  const [xy, yy] = [(-c * slant - s) * height, (c - s * slant) * height];
  const { segments, count } = outline;
  for (let i = 0; i < 4 * count; i += 2) {
    const [x, y] = [segments[i]!, segments[i + 1]!];
    segments[i] = xx * x + xy * y;
    segments[i + 1] = yx * x + yy * y;
  }
  const centre = side / 2;
  moveAxis(outline, 0, centre + side * hand.shift * bounded(random));
  moveAxis(outline, 1, centre + side * hand.shift * bounded(random));
}

/** A standard normal drawn again beyond 2.5, so that no digit leaves the frame. */
function bounded(random: HostRandom): number {
  for (;;) {
    const v = random.normal();
    if (v > -2.5 && v < 2.5) return v;
  }
}

function moveAxis({ segments, count }: Outline, axis: 0 | 1, centre: number): void {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = axis; i < 4 * count; i += 2) {
    low = Math.min(low, segments[i]!);
    high = Math.max(high, segments[i]!);
  }
  const by = centre - (low + high) / 2;
  for (let i = axis; i < 4 * count; i += 2) segments[i]! += by;
}

function fieldAt(field: Float64Array, x: number, y: number): readonly [number, number] {
  const [column, s] = cellOf(x);
  const [row, t] = cellOf(y);
  const at = 2 * (row * NODES + column);
  const below = at + 2 * NODES;
  const between = (k: number): number =>
    (1 - t) * ((1 - s) * field[at + k]! + s * field[at + 2 + k]!) +
    t * ((1 - s) * field[below + k]! + s * field[below + 2 + k]!);
  return [between(0), between(1)];
}

/** Cell of the node grid and the smoothed place within it. */
function cellOf(v: number): readonly [number, number] {
  const scaled = Math.min(NODES - 1, Math.max(0, v * (NODES - 1)));
  const cell = Math.min(NODES - 2, Math.floor(scaled));
  const t = scaled - cell;
  return [cell, t * t * (3 - 2 * t)];
}

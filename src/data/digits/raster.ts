/** Draws an outline with a round pen: each pixel by its distance to the nearest segment, with a soft edge and noise. */
import type { HostRandom } from '../../engine/threefry.ts';
import type { Outline } from './outline.ts';

export interface Pen {
  /** Pixels. */
  readonly radius: number;
  /** Width of the soft edge, pixels. */
  readonly edge: number;
  /** Brightness, 0 … 1. */
  readonly ink: number;
}

/** Lowers `near` (squared distances, side × side) to the distance of each pixel centre to the outline, up to `reach`. */
export function measure(near: Float64Array, side: number, { segments, count }: Outline, reach: number): void {
  near.fill(reach * reach);
  for (let i = 0; i < 4 * count; i += 4) {
    const x0 = segments[i]!;
    const y0 = segments[i + 1]!;
    const dx = segments[i + 2]! - x0;
    const dy = segments[i + 3]! - y0;
    const left = clampPixel(x0 + Math.min(0, dx) - reach, side);
    const right = clampPixel(x0 + Math.max(0, dx) + reach, side);
    const top = clampPixel(y0 + Math.min(0, dy) - reach, side);
    const bottom = clampPixel(y0 + Math.max(0, dy) + reach, side);
    const perLength = 1 / Math.max(dx * dx + dy * dy, 1e-12);
    for (let row = top; row <= bottom; row++) {
      const py = row + 0.5 - y0;
      for (let column = left; column <= right; column++) {
        const px = column + 0.5 - x0;
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) * perLength));
        const ex = px - t * dx;
        const ey = py - t * dy;
        const square = ex * ex + ey * ey;
        const at = row * side + column;
        if (square < near[at]!) near[at] = square;
      }
    }
  }
}

/** Writes bytes: full ink within the radius, none beyond it, a linear ramp over the edge; then triangular noise, cut to 0 … 255. */
export function ink(
  out: Uint8Array,
  near: Float64Array,
  { radius, edge, ink: level }: Pen,
  noise: number,
  random: HostRandom,
): void {
  let word = 0;
  for (let i = 0; i < out.length; i++) {
    // Two bytes a pixel: one word serves two.
    word = (i & 1) === 0 ? random.word() : word >>> 16;
    const grain = (noise * ((word & 0xff) + ((word >>> 8) & 0xff) - 255)) / 255;
    const cover = Math.min(1, Math.max(0, 0.5 + (radius - Math.sqrt(near[i]!)) / edge));
    out[i] = Math.floor(255 * Math.min(1, Math.max(0, level * cover + grain)) + 0.5);
  }
}

const clampPixel = (v: number, side: number): number => Math.min(side - 1, Math.max(0, Math.floor(v)));

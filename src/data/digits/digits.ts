/** Procedural handwritten digits: image i of a key is a pure function of key and i, the same bits on every machine. */
import { ConfigError } from '../../engine/errors.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { GLYPHS, type Glyph } from './glyphs.ts';
import { emptyOutline, traceGlyph } from './outline.ts';
import { ink, measure } from './raster.ts';
import { bend, type HandOptions, handFor, place } from './style.ts';

export interface DigitsOptions {
  readonly key: KeyWords;
  /** Index of the first image; default 0. */
  readonly from?: number;
  readonly n: number;
  /** Side in pixels; default 28. */
  readonly size?: number;
  readonly hand?: Partial<HandOptions>;
}

export interface DigitImages {
  /** [n, size, size], bytes, white on black. */
  readonly images: Uint8Array;
  readonly labels: Int32Array;
}

const LABELS = 0;
const SHAPES = 1;

/** Draws images from … from + n − 1; every run of ten that starts at a multiple of ten holds each digit once. */
export function drawDigits({ key, from = 0, n, size = 28, hand = {} }: DigitsOptions): DigitImages {
  requireRange(from, n, size);
  const full = { ...handFor(size), ...hand };
  const images = new Uint8Array(n * size * size);
  const labels = labelsOf(foldIn(key, LABELS), from, n);
  const scratch = { outline: emptyOutline(), near: new Float64Array(size * size) };
  const shapeKey = foldIn(key, SHAPES);
  for (let i = 0; i < n; i++) {
    const random = new HostRandom(foldIn(shapeKey, from + i));
    drawOne(images.subarray(i * size * size, (i + 1) * size * size), labels[i]!, size, full, random, scratch);
  }
  return { images, labels };
}

interface Scratch {
  readonly outline: ReturnType<typeof emptyOutline>;
  readonly near: Float64Array;
}

function drawOne(
  out: Uint8Array,
  digit: number,
  size: number,
  hand: HandOptions,
  random: HostRandom,
  { outline, near }: Scratch,
): void {
  traceGlyph(outline, pick(GLYPHS[digit]!, random), hand.jitter, random);
  bend(outline, hand.elastic, random);
  place(outline, hand, size, random);
  const radius = size * random.uniform(...hand.pen);
  const edge = random.uniform(...hand.edge);
  const level = random.uniform(...hand.ink);
  measure(near, size, outline, radius + edge / 2);
  ink(out, near, { radius, edge, ink: level }, hand.noise, random);
}

/** Labels of a run of images: each ten is a permutation under a key of its own. */
function labelsOf(key: KeyWords, from: number, n: number): Int32Array {
  const labels = new Int32Array(n);
  let ten: Int32Array | undefined;
  for (let i = 0; i < n; i++) {
    const place = (from + i) % 10;
    if (place === 0) ten = undefined;
    ten ??= new HostRandom(foldIn(key, Math.floor((from + i) / 10))).permutation(10);
    labels[i] = ten[place]!;
  }
  return labels;
}

function pick(glyphs: readonly Glyph[], random: HostRandom): Glyph {
  let left = random.integer(glyphs.reduce((sum, g) => sum + g.weight, 0));
  return glyphs.find((g) => {
    left -= g.weight;
    return left < 0;
  })!;
}

function requireRange(from: number, n: number, size: number): void {
  const whole = [from, n, size].every((v) => Number.isInteger(v) && v >= 0);
  if (whole && size >= 4 && from + n <= 2 ** 32) return;
  throw new ConfigError(`digits ${from} … ${from + n} of side ${size} do not exist`, {
    from,
    n,
    size,
    help: 'use indices from 0 to 4294967295 and a side of 4 pixels or more',
  });
}

/** Noisy letters N, I, S, T on 7×7 pixels: a procedural stand-in for the NIST7x7 set. */
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { makePart, type Part } from '../part.ts';

export const LETTERS = ['N', 'I', 'S', 'T'];

const ROWS = [
  ['#...#', '##..#', '#.#.#', '#.#.#', '#..##', '#...#', '#...#'],
  ['.###.', '..#..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.####', '#....', '#....', '.###.', '....#', '....#', '####.'],
  ['#####', '..#..', '..#..', '..#..', '..#..', '..#..', '..#..'],
];

const SIDE = 7;

export interface LettersOptions {
  readonly key: KeyWords;
  readonly n: number;
  /** Deviation of the normal noise on every pixel; default 0.1. */
  readonly noise?: number;
  /** Probability that a pixel is turned over; default 0.03. */
  readonly flips?: number;
}

/** Draws letters in turn, each moved by −1 … 1 pixels on both axes (what leaves the field is cut), flipped, noisy, cut to 0 … 1. */
export function letters({ key, n, noise = 0.1, flips = 0.03 }: LettersOptions): Part {
  const x = new Float32Array(n * SIDE * SIDE);
  for (let i = 0; i < n; i++) {
    const random = new HostRandom(foldIn(key, i));
    const glyph = ROWS[i % 4]!;
    const right = random.integer(3) - 1;
    const down = random.integer(3) - 1;
    for (let p = 0; p < SIDE * SIDE; p++) {
      const row = Math.floor(p / SIDE) - down;
      const column = (p % SIDE) - 1 - right;
      const set = glyph[row]?.[column] === '#';
      const pixel = set !== random.uniform() < flips ? 1 : 0;
      x[i * SIDE * SIDE + p] = Math.min(1, Math.max(0, pixel + noise * random.normal()));
    }
  }
  return makePart({ x, featureShape: [1, SIDE, SIDE], y: Int32Array.from({ length: n }, (_, i) => i % 4) });
}

/** Tasks for meta learning, drawn inside the program from resident images: random classes in a random order, and a new random projection of the pixels for every episode. */

import type { Part } from '../../data/index.ts';
import {
  ConfigError,
  div,
  iota,
  lt,
  matmul,
  mean,
  moveAxis,
  oneHot,
  random,
  std,
  sub,
  type Tensor,
  take,
  tensor,
  topK,
  vmap,
  where,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Stream } from './machine.ts';

/** Images (R, D) of zero mean and unit deviation as a whole, and their labels (R) of `classes`. */
export interface Pool {
  readonly images: Tensor;
  readonly labels: Tensor;
  readonly classes: number;
}

export interface EpisodeOptions {
  /** Episodes side by side. */
  readonly episodes: number;
  /** Examples of each. */
  readonly length: number;
  /** Inputs after the projection. */
  readonly inputs: number;
  /** Classes of an episode. */
  readonly classes: number;
  /** One projection (D, inputs) and the first classes in their own order for all episodes, instead of new ones each. */
  readonly fixed?: Tensor;
}

/** A pool of the first rows of a part: pixels centred and scaled by one mean and one deviation. */
export function poolOf({ n, x, y }: Pick<Part, 'n' | 'x' | 'y'>, classes: number, rows: number = n): Pool {
  const count = Math.min(rows, n);
  const pixels = x.subarray(0, (x.length / n) * count);
  let [sum, squares] = [0, 0];
  for (const v of pixels) sum += v;
  const mu = sum / pixels.length;
  for (const v of pixels) squares += (v - mu) ** 2;
  const spread = Math.sqrt(squares / pixels.length);
  const scaled = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) scaled[i] = (pixels[i]! - mu) / spread;
  return {
    images: tensor(scaled, { shape: [count, x.length / n] }),
    labels: tensor(Int32Array.from(y.subarray(0, count)), { dtype: 'i32' }),
    classes,
  };
}

/** Streams of episodes: images of each without repetition, standardised after their projection. */
export function drawEpisodes(pool: Pool, options: EpisodeOptions, key: Key): Stream {
  checkEpisodes(pool, options);
  const { xs, ys } = vmap((k: Tensor) => drawEpisode(pool, options, k))(random.keys(key, options.episodes));
  return { xs: moveAxis(xs, 0, 1), ys: moveAxis(ys, 0, 1) };
}

function checkEpisodes({ classes: known, images }: Pool, { classes, length }: EpisodeOptions): void {
  if (classes <= known && classes >= 2 && length <= images.shape[0]!) return;
  throw new ConfigError(
    `episodes of ${length} examples of ${classes} classes do not come from ${images.shape[0]} images of ${known} classes`,
    { classes, known, length, images: images.shape[0], help: 'use fewer classes, shorter episodes or more images' },
  );
}

function drawEpisode(pool: Pool, options: EpisodeOptions, key: Key): Stream {
  const { length, inputs, classes, fixed } = options;
  const [forClasses, forRows, forProjection] = random.split(key, 3) as [Key, Key, Key];
  const place = fixed === undefined ? random.permutation(forClasses, pool.classes) : iota(pool.classes);
  const placed = take(place, pool.labels); // (R): the output that stands for each image, if below `classes`
  const score = where(lt(placed, classes), random.uniform(forRows, [pool.labels.size], { dtype: 'f32' }), -1);
  const rows = topK(score, length).indices;
  const pixels = pool.images.shape[1]!;
  const projection = fixed ?? random.uniform(forProjection, [pixels, inputs], { low: -1, high: 1, dtype: 'f32' });
  const projected = matmul(take(pool.images, rows), projection); // (T, inputs)
  return {
    xs: div(sub(projected, mean(projected)), std(projected)),
    ys: oneHot(take(placed, rows), classes, 'f32'),
  };
}

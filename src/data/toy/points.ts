/** Points with classes: two moons, circles, spirals, blobs. Row i is a function of key and i; classes take turns. */
import { ConfigError } from '../../engine/errors.ts';
import { cos, sin } from '../../engine/portable.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { makePart, type Part } from '../part.ts';

export interface PointsOptions {
  readonly key: KeyWords;
  readonly n: number;
  /** Deviation of the normal noise on every coordinate. */
  readonly noise?: number;
}

export interface ClassedPointsOptions extends PointsOptions {
  readonly classes?: number;
}

export interface BlobsOptions extends ClassedPointsOptions {
  readonly features?: number;
  /** Draws the centres; default the key itself, so give the same one to a training and a test part. */
  readonly centreKey?: KeyWords;
}

/** Half circles of radius 1 that reach into one another; noise 0.1 by default. */
export function twoMoons({ noise = 0.1, ...options }: PointsOptions): Part {
  return drawPoints({ noise, ...options }, 2, 2, (label, random) => {
    const angle = Math.PI * random.uniform();
    return label === 0 ? [cos(angle), sin(angle)] : [1 - cos(angle), 0.5 - sin(angle)];
  });
}

/** Circles of radius 1 and `inner` (default 0.4) about one centre; noise 0.1 by default. */
export function circles({ noise = 0.1, inner = 0.4, ...options }: PointsOptions & { readonly inner?: number }): Part {
  return drawPoints({ noise, ...options }, 2, 2, (label, random) => {
    const angle = 2 * Math.PI * random.uniform();
    const radius = label === 0 ? 1 : inner;
    return [radius * cos(angle), radius * sin(angle)];
  });
}

/** Spiral arms of almost one turn, one per class, evenly turned; radius angle / 3, noise 0.05 by default. */
export function spirals({ noise = 0.05, classes = 2, ...options }: ClassedPointsOptions): Part {
  return drawPoints({ noise, ...options }, classes, 2, (label, random) => {
    const along = 1.95 * Math.PI * Math.sqrt(random.uniform());
    const angle = along + (2 * Math.PI * label) / classes;
    return [(along / 3) * cos(angle), (along / 3) * sin(angle)];
  });
}

/** Normal clouds about centres drawn uniformly from [−5, 5] on every axis; noise 1 by default. */
export function blobs({ noise = 1, classes = 3, features = 2, centreKey, ...options }: BlobsOptions): Part {
  const centres = Array.from({ length: classes }, (_, label) => {
    const random = new HostRandom(foldIn(foldIn(centreKey ?? options.key, CENTRES), label));
    return Array.from({ length: features }, () => random.uniform(-5, 5));
  });
  return drawPoints({ noise, ...options }, classes, features, (label) => centres[label]!);
}

// A row number that no part reaches.
const CENTRES = 0xffff_ffff;

type Draw = (label: number, random: HostRandom) => readonly number[];

function drawPoints({ key, n, noise }: Required<PointsOptions>, classes: number, features: number, draw: Draw): Part {
  for (const [name, value] of Object.entries({ n, classes, features })) {
    if (!Number.isInteger(value) || value < 1)
      throw new ConfigError(`${name} must be a positive integer, got ${value}`, { [name]: value });
  }
  const x = new Float32Array(n * features);
  for (let i = 0; i < n; i++) {
    const random = new HostRandom(foldIn(key, i));
    draw(i % classes, random).forEach((v, j) => {
      x[i * features + j] = v + noise * random.normal();
    });
  }
  return makePart({ x, featureShape: [features], y: Int32Array.from({ length: n }, (_, i) => i % classes) });
}

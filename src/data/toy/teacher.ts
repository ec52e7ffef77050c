/** Regression data from a random teacher network: what a student of the same shape could fit exactly. */
import { ConfigError } from '../../engine/errors.ts';
import { tanh } from '../../engine/portable.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { makePart, type Part } from '../part.ts';

export interface TeacherOptions {
  /** Draws the weights; give the same one for a training and a test part. */
  readonly teacherKey: KeyWords;
  /** Draws inputs and noise. */
  readonly key: KeyWords;
  readonly n: number;
  readonly features?: number;
  readonly hidden?: readonly number[];
  readonly outputs?: number;
  /** Deviation of the normal noise on the targets; default 0. */
  readonly noise?: number;
}

/** Weights of one layer, (in, out), row-major. */
export interface TeacherLayer {
  readonly weights: Float64Array;
  readonly inputs: number;
  readonly outputs: number;
}

/** Draws the weights, normal with variance 1 / inputs and no biases: tanh layers, then a linear one. */
export function teacherLayers(key: KeyWords, widths: readonly number[]): TeacherLayer[] {
  return widths.slice(1).map((outputs, layer) => {
    const inputs = widths[layer]!;
    const random = new HostRandom(foldIn(key, layer));
    const scale = Math.sqrt(1 / inputs);
    return { weights: Float64Array.from({ length: inputs * outputs }, () => scale * random.normal()), inputs, outputs };
  });
}

/** Draws standard normal inputs [n, features] and the teacher's answers [n, outputs]. */
export function teacherPart({
  teacherKey,
  key,
  n,
  features = 10,
  hidden = [20],
  outputs = 1,
  noise = 0,
}: TeacherOptions): Part {
  const widths = [features, ...hidden, outputs];
  const bad = [n, ...widths].find((w) => !Number.isInteger(w) || w < 1);
  if (bad !== undefined)
    throw new ConfigError(`a teacher network needs positive integers for n and widths, got ${bad}`, { n, widths });
  const layers = teacherLayers(teacherKey, widths);
  const x = new Float32Array(n * features);
  const y = new Float32Array(n * outputs);
  for (let i = 0; i < n; i++) {
    const random = new HostRandom(foldIn(key, i));
    const row = x.subarray(i * features, (i + 1) * features);
    for (let j = 0; j < features; j++) row[j] = random.normal();
    answer(layers, row).forEach((v, j) => {
      y[i * outputs + j] = v + noise * random.normal();
    });
  }
  return makePart({ x, featureShape: [features], y, targetShape: [outputs] });
}

function answer(layers: readonly TeacherLayer[], row: ArrayLike<number>): number[] {
  let values = Array.from(row);
  layers.forEach(({ weights, inputs, outputs }, layer) => {
    const next = new Array<number>(outputs).fill(0);
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) next[o]! += values[i]! * weights[i * outputs + o]!;
    }
    values = layer + 1 < layers.length ? next.map(tanh) : next;
  });
  return values;
}

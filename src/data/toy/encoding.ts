/** How bits and labels become numbers: {0, 1}, {−1, +1} or any two values, named wherever it matters. */
import { ConfigError } from '../../engine/errors.ts';
import type { Part } from '../part.ts';

/** {0, 1}, {−1, +1}, or the values of a cleared and of a set bit. */
export type Encoding = 'zero-one' | 'plus-minus' | readonly [low: number, high: number];

/** The values of a cleared and of a set bit. */
export function levelsOf(encoding: Encoding): readonly [number, number] {
  if (encoding === 'zero-one') return [0, 1];
  if (encoding === 'plus-minus') return [-1, 1];
  if (Array.isArray(encoding) && encoding.length === 2) return encoding as readonly [number, number];
  throw new ConfigError(`there is no encoding ${JSON.stringify(encoding)}`, {
    encoding,
    help: "use 'zero-one', 'plus-minus' or a pair such as [0.1, 0.9]",
  });
}

/** Replaces the labels 0 and 1 of a part by values, [n, 1]. */
export function bitTargets(part: Part, encoding: Encoding): Part {
  const levels = levelsOf(encoding);
  requireLabels(part, 2);
  return { ...part, y: Float32Array.from(part.y, (label) => levels[label]!), yShape: [part.n, 1] };
}

/** Replaces labels by rows that are `high` at the label and `low` elsewhere, [n, classes]. */
export function oneHotTargets(part: Part, classes: number, encoding: Encoding = 'zero-one'): Part {
  const [low, high] = levelsOf(encoding);
  requireLabels(part, classes);
  const y = new Float32Array(part.n * classes).fill(low);
  part.y.forEach((label, i) => {
    y[i * classes + label] = high;
  });
  return { ...part, y, yShape: [part.n, classes] };
}

function requireLabels(part: Part, classes: number): void {
  const found = part.y instanceof Int32Array ? part.y.find((label) => label < 0 || label >= classes) : 'values';
  if (found === undefined) return;
  throw new ConfigError(`expected labels 0 … ${classes - 1} as targets, found ${found}`, { classes, found });
}

/** Sliding windows over planes: the options of convolutions and pools, resolved to numbers once. */
import { ConfigError, ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';

export type Pair = readonly [number, number];

/** `number`: the same border everywhere; `same`: as many outputs as ⌈input / stride⌉; `valid`: none; or [[top, bottom], [left, right]]. */
export type Padding = number | 'same' | 'valid' | readonly [Pair, Pair];

export interface WindowOptions {
  readonly stride?: number | Pair;
  readonly padding?: Padding;
  /** Distance between neighbouring taps. */
  readonly dilation?: number | Pair;
}

/** Everything about a window; height first. */
export interface WindowParams {
  readonly input: Pair;
  readonly kernel: Pair;
  readonly out: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: readonly [Pair, Pair];
}

export const pairOf = (x: number | Pair): Pair => (typeof x === 'number' ? [x, x] : x);

/** Resolves the options for an input plane and a kernel; refuses windows that do not fit. */
export function windowOver(
  name: string,
  input: Pair,
  kernel: Pair,
  { stride = 1, padding = 0, dilation = 1 }: WindowOptions,
): WindowParams {
  const fixed = {
    input,
    kernel,
    stride: wholePair(name, 'stride', stride, 1),
    dilation: wholePair(name, 'dilation', dilation, 1),
  };
  const borders = resolvePadding(name, fixed, padding);
  const along = (i: 0 | 1): number =>
    Math.floor((input[i] + borders[i][0] + borders[i][1] - span(fixed, i)) / fixed.stride[i]) + 1;
  const out: Pair = [along(0), along(1)];
  if (out[0] < 1 || out[1] < 1) {
    throw new ShapeError(
      `${name}: a window of ${span(fixed, 0)} × ${span(fixed, 1)} does not fit into a plane of ${input[0]} × ${input[1]} with padding ${JSON.stringify(borders)}`,
      {
        input,
        kernel,
        padding: borders,
        dilation: fixed.dilation,
        help: "use a smaller kernel, more padding, or padding: 'same'",
      },
    );
  }
  return { ...fixed, out, padding: borders };
}

/** Extent of a dilated kernel. */
export const span = ({ kernel, dilation }: Pick<WindowParams, 'kernel' | 'dilation'>, i: 0 | 1): number =>
  (kernel[i] - 1) * dilation[i] + 1;

function resolvePadding(
  name: string,
  window: Pick<WindowParams, 'input' | 'kernel' | 'stride' | 'dilation'>,
  padding: Padding,
): readonly [Pair, Pair] {
  if (padding === 'valid')
    return [
      [0, 0],
      [0, 0],
    ];
  if (padding === 'same') return [sameBorder(window, 0), sameBorder(window, 1)];
  const borders: readonly [Pair, Pair] =
    typeof padding === 'number'
      ? [
          [padding, padding],
          [padding, padding],
        ]
      : padding;
  if (
    !Array.isArray(borders) ||
    borders.flat().length !== 4 ||
    borders.flat().some((p) => !Number.isInteger(p) || p < 0)
  ) {
    throw new ConfigError(
      `${name}: padding ${JSON.stringify(padding)} is neither a whole number ≥ 0, 'same', 'valid' nor [[top, bottom], [left, right]]`,
      { padding, help: 'cut with slice instead of a negative padding' },
    );
  }
  return borders;
}

/** The border for ⌈input / stride⌉ outputs; an odd rest goes behind. */
function sameBorder(window: Pick<WindowParams, 'input' | 'kernel' | 'stride' | 'dilation'>, i: 0 | 1): Pair {
  const out = Math.ceil(window.input[i] / window.stride[i]);
  const total = Math.max(0, (out - 1) * window.stride[i] + span(window, i) - window.input[i]);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** A number or pair of whole numbers, as a pair. */
export function wholePair(name: string, what: string, value: number | Pair, least: number): Pair {
  const pair = pairOf(value);
  if (pair.length !== 2 || pair.some((v) => !Number.isInteger(v) || v < least))
    throw new ConfigError(
      `${name}: ${what} ${JSON.stringify(value)} must be a whole number ≥ ${least}, or two of them`,
      { [what]: value },
    );
  return pair;
}

/** Height and width of images N×C×H×W; refuses other ranks. */
export function planeOf(name: string, shape: readonly number[]): Pair {
  if (shape.length !== 4)
    throw new ShapeError(`${name}: images have the shape N×C×H×W, not ${showShape(shape)}`, {
      shape,
      help: 'expandDims(x, 0) makes a batch of one image; reshape adds a channel axis',
    });
  return [shape[2]!, shape[3]!];
}

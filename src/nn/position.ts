/** Where a position says that it is: learned and sinusoidal codes added to the input, rotary ones in attention. */

import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import {
  add,
  broadcastTo,
  cast,
  concat,
  cos,
  exp,
  iota,
  mul,
  reshape,
  ShapeError,
  showShape,
  sin,
  sliceAxis,
  stack,
  sub,
} from '../engine/index.ts';
import type { Initializer } from './initializer.ts';
import { drawInitial } from './initializer.ts';
import type { Layer } from './layer.ts';
import { checkRank, param } from './parts.ts';

/** t·10000^(−2i/D) for positions t and pairs i: (T, D/2). */
function angles(time: number, width: number, dtype: FloatDtype): Tensor {
  const pairs = Math.ceil(width / 2);
  const rates = exp(mul(cast(iota(pairs), dtype), (-2 * Math.log(10_000)) / width));
  return mul(reshape(cast(iota(time), dtype), [time, 1]), rates);
}

/** Sinusoidal codes of the first positions, (T, width): sines at even features, cosines at odd ones, wavelengths from 2π to 10000·2π. Source: Vaswani et al. 2017, section 3.5. */
export function sinusoids(time: number, width: number, dtype: FloatDtype = 'f32'): Tensor {
  const turned = angles(time, width, dtype);
  const both = reshape(stack([sin(turned), cos(turned)], 2), [time, 2 * turned.shape[1]!]);
  return width % 2 === 0 ? both : sliceAxis(both, 1, 0, width);
}

/** Turns neighbouring pairs of features at time t by the angles t·10000^(−2i/D): (…, T, D) → (…, T, D). Products of two turned vectors depend on the distance of their times only. Source: J. Su et al., RoFormer, arXiv:2104.09864, eq. 34. */
export function rotate(x: Tensor): Tensor {
  const [time, width] = x.shape.slice(-2) as [number, number];
  if (width % 2 === 1)
    throw new ShapeError(`rotate: ${showShape(x.shape)} has an odd number of features`, {
      shape: x.shape,
      help: 'features turn in pairs',
    });
  const paired = [...x.shape.slice(0, -1), width / 2, 2];
  const turned = reshape(angles(time, width, x.dtype as FloatDtype), [time, width / 2, 1]);
  const pairs = reshape(x, paired);
  const axis = pairs.rank - 1;
  const [even, odd] = [sliceAxis(pairs, axis, 0, 1), sliceAxis(pairs, axis, 1, 2)];
  const [c, s] = [cos(turned), sin(turned)];
  return reshape(concat([sub(mul(even, c), mul(odd, s)), add(mul(even, s), mul(odd, c))], axis), x.shape);
}

export interface PositionsOptions {
  readonly kind: 'learned' | 'sinusoidal';
  /** For learned codes; N(0, 0.02²) unless said. */
  readonly init?: Initializer;
}

const LAYOUT = '(time, features)';

/** Adds a code of its position to each row of (time, features); params of learned ones are w (time, features), of which shorter samples use the first rows. */
export function positions({
  kind,
  init = { distribution: 'normal', mode: 'fanIn', gain: 0.02 },
}: PositionsOptions): Layer {
  const same = (input: Shape): Shape => checkRank('positions', input, [2], LAYOUT);
  const isLearned = kind === 'learned';
  return {
    kind: 'positions',
    config: { kind, init },
    outShape: same,
    init: (key, input) => ({
      params: isLearned ? { w: drawInitial(init, key, same(input), { fanIn: 1, fanOut: 1 }) } : null,
      state: null,
    }),
    pre(params, state, x) {
      const [, time, width] = x.shape as [number, number, number];
      const code = isLearned
        ? firstRows(param('positions', params, 'w'), x)
        : sinusoids(time, width, x.dtype as FloatDtype);
      return [add(x, code), state];
    },
    ...(isLearned
      ? {
          anatomy: () => ({
            isLinearInParams: true,
            isLinear: true,
            isPositionWise: false,
            fanIn: 1,
            fanOut: 1,
            activation: 'identity',
            weights: [],
          }),
        }
      : {}),
  };
}

function firstRows(codes: Tensor, x: Tensor): Tensor {
  const time = x.shape[1]!;
  if (time > codes.shape[0]!)
    throw new ShapeError(
      `positions: ${time} positions of ${showShape(x.shape)} are more than the ${codes.shape[0]} learned`,
      {
        shape: x.shape,
        help: 'shorten the input to the context of the model',
      },
    );
  return sliceAxis(codes, 0, 0, time);
}

export interface ClassTokenOptions {
  readonly init?: Initializer;
}

/** Puts a learned row before the others, (time, features) → (time + 1, features); params are w (features). */
export function classToken({
  init = { distribution: 'normal', mode: 'fanIn', gain: 0.02 },
}: ClassTokenOptions = {}): Layer {
  const sequence = (input: Shape): Shape => checkRank('classToken', input, [2], LAYOUT);
  return {
    kind: 'classToken',
    config: { init },
    outShape: (input) => [sequence(input)[0]! + 1, input[1]!],
    init: (key, input) => ({
      params: { w: drawInitial(init, key, [sequence(input)[1]!], { fanIn: 1, fanOut: 1 }) },
      state: null,
    }),
    pre(params, state, x) {
      const [batch, , width] = x.shape as [number, number, number];
      return [concat([broadcastTo(param('classToken', params, 'w'), [batch, 1, width]), x], 1), state];
    },
    anatomy: () => ({
      isLinearInParams: true,
      isLinear: true,
      isPositionWise: false,
      fanIn: 1,
      fanOut: 1,
      activation: 'identity',
      weights: [],
    }),
  };
}

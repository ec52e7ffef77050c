/**
 * Multi-head attention over (batch, time, features).
 *
 * Paper     A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, arXiv:1706.03762, eq. 1 and section 3.2.2.
 * Letters   B batch, T time of queries, S time of keys and values, H heads, D features per head; weights = softmax(q·kᵀ / √D) over the keys that a query sees.
 */

import type { Shape, Tensor } from '../engine/index.ts';
import {
  and,
  ConfigError,
  cast,
  expandDims,
  iota,
  le,
  matmul,
  mul,
  reshape,
  ShapeError,
  showShape,
  softmax,
  transpose,
  where,
} from '../engine/index.ts';
import { initChildren } from './chain.ts';
import { dense } from './dense.ts';
import type { Initializer } from './initializer.ts';
import type { Layer } from './layer.ts';
import { applyLayer, site } from './layer.ts';
import { at, callFor } from './model.ts';
import { checkCount, checkRank } from './parts.ts';
import { rotate } from './position.ts';

export interface AttendOptions {
  readonly heads: number;
  /** Whether a position sees itself and the ones before it only. */
  readonly isCausal?: boolean;
  /** 1 for keys that are there, 0 for padding: (B, S). */
  readonly mask?: Tensor | undefined;
  /** Turns queries and keys by angles that grow with their position, so that products depend on distances only. */
  readonly isRotary?: boolean;
}

/** Attention of queries (B, T, H·D) over keys (B, S, H·D) and values (B, S, H·V): (B, T, H·V). A query that sees no key gets zeros. */
export function attend(q: Tensor, k: Tensor, v: Tensor, options: AttendOptions): Tensor {
  const { heads, isCausal = false, mask, isRotary = false } = options;
  const [queries, keys, values] = [q, k, v].map((x) => splitHeads(x, heads)) as [Tensor, Tensor, Tensor];
  const [turnedQ, turnedK] = isRotary ? [rotate(queries), rotate(keys)] : [queries, keys];
  const scores = mul(matmul(turnedQ, turnedK, { transposeY: true }), 1 / Math.sqrt(queries.shape[3]!)); // (B, H, T, S)
  const seen = visible(scores.shape, isCausal, mask);
  const masked = seen === null ? scores : where(seen, scores, Number.NEGATIVE_INFINITY);
  return joinHeads(matmul(site('weights', softmax(masked, -1)), values));
}

/** (B, T, H·D) → (B, H, T, D). */
function splitHeads(x: Tensor, heads: number): Tensor {
  const [batch, time, width] = x.shape as [number, number, number];
  if (width % heads !== 0)
    throw new ShapeError(`attend: ${width} features of ${showShape(x.shape)} do not divide into ${heads} heads`, {
      shape: x.shape,
      heads,
      help: 'choose heads that divide the number of features',
    });
  return transpose(reshape(x, [batch, time, heads, width / heads]), [0, 2, 1, 3]);
}

/** (B, H, T, D) → (B, T, H·D). */
function joinHeads(x: Tensor): Tensor {
  const [batch, heads, time, width] = x.shape as [number, number, number, number];
  return reshape(transpose(x, [0, 2, 1, 3]), [batch, time, heads * width]);
}

/** Which keys each query sees, to be broadcast to (B, H, T, S); null where all do. */
function visible([batch, , time, keys]: Shape, isCausal: boolean, mask: Tensor | undefined): Tensor | null {
  const past = isCausal ? le(iota(keys!), expandDims(iota(time!), 1)) : null; // (T, S)
  if (mask === undefined) return past;
  if (mask.rank !== 2 || mask.shape[0] !== batch || mask.shape[1] !== keys)
    throw new ShapeError(
      `attend: a mask of shape ${showShape(mask.shape)} does not belong to ${batch} × ${keys} keys`,
      {
        mask: mask.shape,
        help: `pass (${batch}, ${keys}): 1 where there is something, 0 for padding`,
      },
    );
  const real = reshape(cast(mask, 'bool'), [batch!, 1, 1, keys!]);
  return past === null ? real : and(past, real);
}

export interface AttentionOptions {
  /** Features of the input, of all heads together and of the output. */
  readonly width: number;
  readonly heads: number;
  readonly isCausal?: boolean;
  readonly isRotary?: boolean;
  readonly bias?: boolean;
  /** For all four maps. */
  readonly init?: Initializer;
}

const NAMES = ['query', 'key', 'value', 'output'] as const;

/** Self-attention: dense maps to queries, keys and values, attention by heads, and a dense map of the result; four dense children in this order. `apply` takes a padding mask in its call. */
export function attention({
  width,
  heads,
  isCausal = false,
  isRotary = false,
  bias = true,
  init = 'glorotUniform',
}: AttentionOptions): Layer {
  checkHeads(checkCount('attention', 'width', width), checkCount('attention', 'heads', heads), isRotary);
  const children = NAMES.map(() => dense({ units: width, bias, init }));
  const sequence = (input: Shape): Shape =>
    checkFeatures(checkRank('attention', input, [2], '(time, features)'), width);
  const childInputs = (input: Shape): readonly Shape[] => children.map(() => input);
  return {
    kind: 'attention',
    config: { width, heads, isCausal, isRotary, bias, init },
    children,
    childNames: NAMES,
    childInputs,
    outShape: sequence,
    init: (key, input) => initChildren(children, key, childInputs(sequence(input))),
    pre(params, state, x, call) {
      const run = (i: number, from: Tensor): Tensor =>
        applyLayer(children[i]!, NAMES[i]!, at(params, i), null, from, callFor(call, i))[0];
      const [q, k, v] = [run(0, x), run(1, x), run(2, x)]; // (B, T, width) each
      const mixed = site('mixed', attend(q, k, v, { heads, isCausal, isRotary, mask: call.mask }));
      return [run(3, mixed), state];
    },
    anatomy: () => ({
      isLinearInParams: false,
      isLinear: false,
      isPositionWise: false,
      fanIn: width,
      fanOut: width,
      activation: 'identity',
      weights: [],
    }),
    opensUnit: true,
  };
}

function checkHeads(width: number, heads: number, isRotary: boolean): void {
  if (width % heads === 0 && !(isRotary && (width / heads) % 2 === 1)) return;
  throw new ConfigError(
    width % heads === 0
      ? `attention: ${width / heads} features per head cannot be rotated in pairs`
      : `attention: a width of ${width} does not divide into ${heads} heads`,
    { width, heads, help: 'choose a width that is a multiple of heads; twice heads for rotary positions' },
  );
}

function checkFeatures(input: Shape, width: number): Shape {
  if (input[1] === width) return input;
  throw new ShapeError(`attention: a sample of shape ${showShape(input)} does not have ${width} features`, {
    shape: input,
    width,
    help: 'the width of attention is the number of features of its input',
  });
}

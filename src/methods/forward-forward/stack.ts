/**
 * A model as a stack of units that are run one by one: labelled inputs, normalised between units, each unit with a goodness.
 *
 * A class pattern beside a unit's input meets weights of the rule's own, whose product is added to the pre-activation: that is the unit with the pattern appended to its input, on an unmodified model.
 */
import {
  add,
  broadcastTo,
  concat,
  div,
  expandDims,
  eye,
  type FloatDtype,
  matmul,
  mean,
  mul,
  range,
  reshape,
  scopePath,
  sizeOf,
  sliceAxis,
  sqrt,
  square,
  sum,
  type Tensor,
  withTaps,
} from '../../engine/index.ts';
import { type ApplyCall, applyLayer, type Tree } from '../../nn/layer.ts';
import { at, callFor, type Model } from '../../nn/model.ts';
import { type UnitRange, unitsOf } from '../../nn/unroll.ts';
import type { Settings } from './options.ts';

/** What a rule keeps: patterns that never change, and the weights that they meet, which are trained. */
export type StackState = {
  /** (classes, patternSize); null for an overlay. */
  readonly patterns: Tensor | null;
  /** (patternSize, H) for each hidden unit; null where none meets a pattern. */
  readonly feedback: readonly (Tensor | null)[];
};

export interface Stack {
  readonly model: Model;
  readonly modelState: Tree;
  readonly state: StackState;
  readonly settings: Settings;
  readonly call: ApplyCall;
}

/** Samples with a class: the features, and its code where the class is not written into them. */
export interface Labelled {
  readonly x: Tensor;
  readonly code: Tensor | null;
}

/** What a unit hears. */
export interface UnitInput {
  readonly z: Tensor;
  readonly code: Tensor | null;
}

export const hiddenUnits = (model: Model): UnitRange[] => unitsOf(model).slice(0, -1);

export const classesOf = (model: Model): number => sizeOf(model.outputShape);

const EPS = 1e-8;

const perSample = (x: Tensor): number[] => range(x.rank - 1, 1);

/** Samples with classes given by rows of weights over the classes, (B, C): one-hot rows for one class each. */
export function labelled({ state, settings }: Stack, x: Tensor, classes: Tensor): Labelled {
  if (state.patterns !== null) return { x, code: matmul(classes, state.patterns) }; // (B, C)·(C, P)
  const flat = reshape(x, [x.shape[0]!, -1]);
  const rest = sliceAxis(flat, 1, classes.shape[1]!, flat.shape[1]!);
  return { x: reshape(concat([mul(classes, settings.overlay), rest], 1), x.shape), code: null };
}

/** The input of hidden unit k: features of the unit before, normalised, and the class code that belongs beside them. */
export function inputOf({ settings }: Stack, k: number, x: Tensor, code: Tensor | null): UnitInput {
  const own = code === null || (k > 0 && settings.label === 'icp-input') ? null : code;
  if (own === null || k > 0) return { z: normed(x, settings), code: own === null ? null : normed(own, settings) };
  const all = add(sumSquares(x), sumSquares(own)); // the input and its pattern are normalised as one vector
  const count = sizeOf(x.shape.slice(1)) + own.shape[1]!;
  return { z: divided(x, lengthOf(all, count, settings)), code: divided(own, lengthOf(all, count, settings)) };
}

export const normed = (x: Tensor, settings: Pick<Settings, 'norm'>): Tensor =>
  divided(x, lengthOf(sumSquares(x), sizeOf(x.shape.slice(1)), settings));

const sumSquares = (x: Tensor): Tensor => sum(square(x), perSample(x));

const lengthOf = (squares: Tensor, count: number, { norm }: Pick<Settings, 'norm'>): Tensor =>
  add(sqrt(norm === 'rms' ? div(squares, count) : squares), EPS);

const divided = (x: Tensor, by: Tensor): Tensor => div(x, reshape(by, [x.shape[0]!, ...perSample(x).map(() => 1)]));

/** The goodness of every sample, (B). */
export function goodnessOf(h: Tensor, { goodness }: Pick<Settings, 'goodness'>): Tensor {
  return goodness === 'mean' ? mean(square(h), perSample(h)) : sum(square(h), perSample(h));
}

/** ∂goodness/∂h over h: 2, or 2 over the number of activities. */
export const slopeOfGoodness = (h: Tensor, { goodness }: Pick<Settings, 'goodness'>): number =>
  goodness === 'mean' ? 2 / sizeOf(h.shape.slice(1)) : 2;

/** Runs one unit on its input; `weights` are those that the code meets. */
export function runUnit(
  { model, modelState, call }: Stack,
  { from, to, name }: UnitRange,
  params: Tree,
  weights: Tensor | null,
  { z, code }: UnitInput,
): [h: Tensor, state: Tree[]] {
  const states: Tree[] = [];
  const run = (): Tensor => {
    let y = z;
    for (let i = from; i < to; i++) {
      const own = at(params, i - from);
      const [out, next] = applyLayer(model.layers[i]!, model.names[i]!, own, at(modelState, i), y, callFor(call, i));
      y = out;
      states.push(next);
    }
    return y;
  };
  if (code === null || weights === null) return [run(), states];
  const site = `${scopePath() === '' ? '' : `${scopePath()}/`}${name}/pre`;
  const beside = (v: Tensor, path: string): Tensor => (path === site ? add(v, matmul(code, weights)) : v);
  return [withTaps(beside, run), states];
}

export const paramsOf = (params: Tree, { from, to }: UnitRange): Tree => (params as readonly Tree[]).slice(from, to);

/** Activities of every hidden unit for labelled samples. */
export function activities(stack: Stack, params: Tree, { x, code }: Labelled): Tensor[] {
  const all: Tensor[] = [];
  hiddenUnits(stack.model).forEach((unit, k) => {
    const input = inputOf(stack, k, all[k - 1] ?? x, code);
    all.push(runUnit(stack, unit, paramsOf(params, unit), stack.state.feedback[k] ?? null, input)[0]);
  });
  return all;
}

/** The summed goodness of every class for every sample, (B, C): all classes in one pass. */
export function scores(stack: Stack, params: Tree, x: Tensor): Tensor {
  const [rows, classes] = [x.shape[0]!, classesOf(stack.model)];
  const repeated = broadcastTo(expandDims(x, 0), [classes, ...x.shape]).reshape([classes * rows, ...x.shape.slice(1)]);
  const each = broadcastTo(expandDims(eye(classes, x.dtype as FloatDtype), 1), [classes, rows, classes]);
  const candidates = labelled(stack, repeated, reshape(each, [classes * rows, classes]));
  const goodness = activities(stack, params, candidates).map((h) => goodnessOf(h, stack.settings));
  const total = goodness.slice(stack.settings.scoreFrom).reduce((a, b) => add(a, b)); // (C·B)
  return reshape(total, [classes, rows]).transpose();
}

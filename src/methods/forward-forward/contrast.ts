/**
 * Local contrastive learning: every hidden unit sees samples with their true and with a wrong class, and learns from a loss of its own two goodnesses alone.
 *
 * True and wrong samples go through a unit as one batch of twice the size; a unit's credit is complete before the next unit runs, and nothing comes back from there.
 */
import {
  add,
  cast,
  concat,
  type FloatDtype,
  full,
  gt,
  isInteger,
  log,
  mapTree,
  maximum,
  mean,
  mul,
  oneHot,
  random,
  rem,
  reshape,
  ShapeError,
  showShape,
  sizeOf,
  sliceAxis,
  sub,
  sum,
  type Tensor,
  vjp,
  zerosLike,
} from '../../engine/index.ts';
import { drawInitial, type Initializer } from '../../nn/initializer.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { type Batch, sampleWeights } from '../../nn/loss.ts';
import { at, type Model } from '../../nn/model.ts';
import { type UnitRange, unitsOf } from '../../nn/unroll.ts';
import type { Citation, CreditCall, CreditResult, CreditRule, PredictCall, Reason } from '../rule.ts';
import { reason } from '../rule.ts';
import type { Settings } from './options.ts';
import {
  activities,
  classesOf,
  goodnessOf,
  hiddenUnits,
  inputOf,
  labelled,
  normed,
  paramsOf,
  runUnit,
  type Stack,
  type StackState,
  scores,
  slopeOfGoodness,
} from './stack.ts';

/** A loss of the goodness of a true and of a wrong sample, pair by pair, with its two slopes; all (B). */
export type PairLoss = (good: Tensor, bad: Tensor) => { value: Tensor; slopeGood: Tensor; slopeBad: Tensor };

export interface ContrastSpec {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly paper: Citation;
  readonly summary: string;
  readonly settings: Settings;
  /** For hidden unit number k of so many activities. */
  readonly pairLoss: (size: number) => PairLoss;
}

/** A credit rule of local contrast. */
export function contrastRule({ settings, pairLoss, ...about }: ContrastSpec): CreditRule<StackState> {
  return {
    ...about,
    nature: 'biased',
    ...(settings.label === 'overlay' ? {} : { trainsFeedback: true }),
    supports: (model) => supported(model, settings),
    init: (model, _, key) => initial(model, key, settings),
    credit: (call) => credit(call, settings, pairLoss),
    predict: (call) => answer(call, settings),
  };
}

function supported(model: Model, { label }: Settings): true | Reason {
  const hidden = hiddenUnits(model);
  const recurrent = model.layers.find((layer) => layer.isRecurrent === true);
  if (recurrent !== undefined)
    return reason(`units must be without memory; ${recurrent.kind} carries state through time`);
  if (hidden.length === 0)
    return reason('there is no hidden unit, and the last one only says how many classes there are');
  if (model.outputShape.length !== 1 || classesOf(model) < 2)
    return reason(`the last unit must say two or more classes, not ${showShape(model.outputShape)}`);
  if (label === 'overlay' && sizeOf(model.inputShape) <= classesOf(model))
    return reason(`an overlay of ${classesOf(model)} classes leaves nothing of ${sizeOf(model.inputShape)} features`);
  const other = hidden.map((unit) => opener(model, unit)).find(({ kind }) => kind !== 'dense');
  if (label !== 'overlay' && other !== undefined)
    return reason(`a class pattern needs dense units; there is ${other.kind}`);
  return true;
}

const openerIndex = (model: Model, { name }: UnitRange): number => model.names.indexOf(name);
const opener = (model: Model, unit: UnitRange) => model.layers[openerIndex(model, unit)]!;

/** Patterns, and weights for them as the units would have drawn them for a wider input. */
function initial(model: Model, key: Key, settings: Settings): StackState {
  const hidden = hiddenUnits(model);
  if (settings.label === 'overlay') return { patterns: null, feedback: [] };
  const [forPatterns, forWeights] = random.split(key, 2) as [Key, Key];
  const keys = random.split(forWeights, hidden.length);
  const feedback = hidden.map((unit, k) => {
    if (k > 0 && settings.label === 'icp-input') return null;
    const i = openerIndex(model, unit);
    const layer = model.layers[i]!;
    const fans = layer.anatomy!(model.shapes[i]!);
    const init = layer.config.init as Initializer;
    const shape = [settings.patternSize, fans.fanOut];
    return drawInitial(init, keys[k]!, shape, { ...fans, fanIn: fans.fanIn + settings.patternSize });
  });
  return { patterns: drawPatterns(forPatterns, classesOf(model), settings), feedback };
}

function drawPatterns(key: Key, classes: number, { patternLaw, patternSize }: Settings): Tensor {
  const shape = [classes, patternSize];
  const normal = random.normal(key, shape);
  return patternLaw === 'gaussian' ? normal : cast(random.bernoulli(key, shape), normal.dtype);
}

function credit(
  { model, loss, params, modelState, state, batch, key }: CreditCall<StackState>,
  settings: Settings,
  pairLoss: (size: number) => PairLoss,
): CreditResult<StackState> {
  const [forWrong, forPass] = random.split(key, 2) as [Key, Key];
  const stack: Stack = { model, modelState, state, settings, call: { key: forPass, train: true } };
  const samples = labelled(stack, twice(batch.x), pairsOf(stack, params, batch, forWrong));
  const parts: LocalPart[] = [];
  hiddenUnits(model).forEach((unit, k) => {
    const input = inputOf(stack, k, parts[k - 1]?.h ?? samples.x, samples.code);
    parts.push(localPart({ stack, unit, k, input, params, batch, pairLoss }));
  });
  const top = headPart(stack, params, loss, batch);
  const feedback = parts.map((part) => part.feedback);
  return {
    credit: [...parts.flatMap((part) => part.credit), ...top],
    ...(state.patterns === null ? {} : { feedback: state.feedback.map((w, k) => (w === null ? null : feedback[k]!)) }),
    loss: parts.map((part) => part.loss).reduce((a, b) => add(a, b)),
    state,
    modelState: [...parts.flatMap((part) => part.states), ...modelStateOfHead(stack)],
    metrics: Object.assign({}, ...parts.map((part) => part.metrics)) as Record<string, Tensor>,
  };
}

interface LocalPart {
  readonly h: Tensor;
  readonly credit: readonly Tree[];
  readonly feedback: Tensor | null;
  readonly loss: Tensor;
  readonly states: readonly Tree[];
  readonly metrics: Readonly<Record<string, Tensor>>;
}

interface LocalCall {
  readonly stack: Stack;
  readonly unit: UnitRange;
  readonly k: number;
  readonly input: ReturnType<typeof inputOf>;
  readonly params: Tree;
  readonly batch: Batch;
  readonly pairLoss: (size: number) => PairLoss;
}

/** One unit: its activities, and credit from its own goodness. */
function localPart({ stack, unit, k, input, params, batch, pairLoss }: LocalCall): LocalPart {
  const own = { p: paramsOf(params, unit), q: input.code === null ? null : (stack.state.feedback[k] ?? null) };
  const [h, pull, states] = vjp(({ p, q }: typeof own) => runUnit(stack, unit, p, q, input), own, { aux: true });
  const [good, bad] = halves(goodnessOf(h, stack.settings));
  const { value, slopeGood, slopeBad } = pairLoss(sizeOf(h.shape.slice(1)))(good, bad);
  const weights = sampleWeights(good, batch, 'mean');
  const slopes = mul(concat([mul(slopeGood, weights), mul(slopeBad, weights)]), slopeOfGoodness(h, stack.settings)); // (2B)
  const { p, q } = pull(mul(h, reshape(slopes, [h.shape[0]!, ...h.shape.slice(1).map(() => 1)])));
  return {
    h,
    credit: p as readonly Tree[],
    feedback: q,
    loss: sum(mul(value, weights)),
    states,
    metrics: {
      [`goodness.${unit.name}`]: mean(good),
      [`pairs.${unit.name}`]: mean(cast(gt(good, bad), h.dtype)),
      [`active.${unit.name}`]: mean(cast(gt(h, 0), h.dtype)),
    },
  };
}

const twice = (x: Tensor): Tensor => concat([x, x]);

const halves = (x: Tensor): readonly [Tensor, Tensor] => {
  const n = x.shape[0]! / 2;
  return [sliceAxis(x, 0, 0, n), sliceAxis(x, 0, n)];
};

/** One-hot rows of the true classes, then of wrong ones: (2B, C). */
function pairsOf(stack: Stack, params: Tree, batch: Batch, key: Key): Tensor {
  const { y, x } = batch;
  if (!isInteger(y.dtype) || y.rank !== 1)
    throw new ShapeError(`targets ${y.dtype}${showShape(y.shape)} are no classes`, {
      targets: y.shape,
      help: 'this rule learns from class indices: i32 of shape (batch)',
    });
  const classes = classesOf(stack.model);
  const truth = cast(y, 'i32');
  const wrong =
    stack.settings.negatives === 'hard' ? hardClasses(stack, params, x, truth, key) : wrongClasses(key, truth, classes);
  return oneHot(concat([truth, wrong]), classes, x.dtype as FloatDtype);
}

/** Classes other than the true ones, drawn evenly. */
export const wrongClasses = (key: Key, truth: Tensor, classes: number): Tensor =>
  rem(add(truth, random.randint(key, truth.shape, 1, classes)), classes);

/** Wrong classes in proportion to the root of their goodness. */
function hardClasses(stack: Stack, params: Tree, x: Tensor, truth: Tensor, key: Key): Tensor {
  const goodness = maximum(scores({ ...stack, call: { train: false } }, params, x), 1e-30);
  const never = mul(oneHot(truth, classesOf(stack.model), x.dtype as FloatDtype), 1e30);
  return random.categorical(key, sub(mul(log(goodness), 0.5), never));
}

/** Credit of the last unit: none, or its exact own where it answers, on activities of samples that carry no class. */
function headPart(stack: Stack, params: Tree, loss: CreditCall<StackState>['loss'], batch: Batch): readonly Tree[] {
  const head = unitsOf(stack.model).at(-1)!;
  const own = paramsOf(params, head);
  if (stack.settings.answer === 'goodness') return mapTree((p: Tensor) => zerosLike(p), own) as readonly Tree[];
  const z = neutral(stack, params, batch.x);
  const [output, pull] = vjp((p: Tree) => runUnit(stack, head, p, null, { z, code: null })[0], own);
  return pull(loss.error(output, batch)) as readonly Tree[];
}

const modelStateOfHead = ({ model, modelState }: Stack): Tree[] => {
  const { from, to } = unitsOf(model).at(-1)!;
  return model.layers.slice(from, to).map((_, i) => at(modelState, from + i));
};

/** What the last unit hears of samples that carry all classes alike. */
function neutral(stack: Stack, params: Tree, x: Tensor): Tensor {
  const classes = classesOf(stack.model);
  const even = full([x.shape[0]!, classes], 1 / classes, x.dtype as FloatDtype);
  return normed(activities(stack, params, labelled(stack, x, even)).at(-1)!, stack.settings);
}

function answer({ model, params, modelState, state, x }: PredictCall, settings: Settings): Tensor {
  const stack: Stack = { model, modelState, settings, state: state as StackState, call: { train: false } };
  if (settings.answer === 'goodness') return scores(stack, params, x);
  const head = unitsOf(model).at(-1)!;
  return runUnit(stack, head, paramsOf(params, head), null, { z: neutral(stack, params, x), code: null })[0];
}

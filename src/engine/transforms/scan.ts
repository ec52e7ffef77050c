/**
 * `scan`: a function applied step after step to a carry and the slices of sequences.
 *
 * The body is traced once; every transformation, plan and backend keeps it as one body. Outside jit the loop runs on the body compiled as one kernel. Reverse mode stacks what the body keeps, reads
 * it from the last step to the first, and makes sums over the steps that are products in one large product after the loop.
 */
import { ConfigError, ShapeError, TreeError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { cast } from '../ops/cast.ts';
import type { TensorLike } from '../ops/constant.ts';
import { scalar } from '../ops/constant.ts';
import { not } from '../ops/logic.ts';
import { asTensor } from '../ops/promote.ts';
import { hasTapHandlers } from '../ops/tap.ts';
import type { Aval } from '../tensor.ts';
import { aval, showAval, Tensor } from '../tensor.ts';
import type { TreeDef } from '../tree.ts';
import { flatten, leavesOf, structureOf, unflatten } from '../tree.ts';
import { type Body, checkLike, closeTogether, outAvals, tensorsIn, traceBody } from './body.ts';
import { bindHoisted } from './scan-hoist.ts';
import { UNBOUNDED } from './scan-op.ts';
import { segmented } from './scan-segments.ts';
import { boolOf, runGuarded } from './scan-stop.ts';
import { bindUndo } from './scan-undo.ts';
import { unrolled } from './scan-unrolled.ts';

export interface ScanOptions<C, X = unknown, Y = unknown> {
  /** The number of steps; needed where there is no sequence. */
  readonly length?: number;
  /** From the last step to the first; results stay in the place of their step. */
  readonly reverse?: boolean;
  /** Reverse mode keeps the carry of every k-th step and computes the rest again: with k = √T it keeps O(√T) instead of O(T) steps. */
  readonly checkpointEvery?: number;
  /** Ends the loop after the step whose carry makes this true: the carry stays as it is, and the remaining results are zeros. */
  readonly stopWhen?: (carry: C) => Tensor;
  /**
   * The carry before a step from the carry after it, its slice and its result: the inverse of the step. Reverse mode then keeps only the last carry, whatever the number of steps, and undoes the
   * loop on its way back; second derivatives differentiate `undo` too. Nobody checks that it is the inverse: where it is only nearly so, gradients are too.
   */
  readonly undo?: (carry: C, x: X, y: Y) => C;
}

/** A step as a function of flat tensors; what is no tensor in the trees stays as it is. */
interface Step<C, X, Y> {
  readonly f: (carry: C, x: X) => readonly [C, Y];
  readonly buildCarry: (xs: readonly Tensor[]) => C;
  readonly buildX: (xs: readonly Tensor[]) => X;
  readonly carryDef: TreeDef;
}

/**
 * Runs `f(carry, x) → [carry, y]` over the leading axis of `xs`: returns the last carry and the results, stacked along a new leading axis.
 *
 * `init`, `xs` and `y` are trees; the carry keeps its structure, shapes and dtypes (numbers take the dtype that the step gives them). `scanSteps` also says how many steps ran.
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions<C, X, Y> = {},
): [carry: C, ys: Y] {
  const [carry, ys] = scanSteps(f, init, xs, options);
  return [carry, ys];
}

/** `scan` that also says how many steps were run, an i32 without axes. */
export function scanSteps<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions<C, X, Y> = {},
): [carry: C, ys: Y, steps: Tensor] {
  const { stopWhen, undo, ...others } = options;
  const plain = { ...others, length: lengthOf(xs, tensorsIn(xs)[0], options.length), flag: null };
  checkEvery(options.checkpointEvery);
  checkUndo(options);
  if (stopWhen === undefined) return [...runScan(f, init, xs, plain, undo), scalar(plain.length, 'i32')];
  return runGuarded(f, init, xs, plain, (_, next) => not(boolOf('scan: stopWhen', stopWhen(next))));
}

export interface RunOptions extends Pick<ScanOptions<never>, 'reverse' | 'checkpointEvery'> {
  readonly length: number;
  /** The leaf of the carry that says whether to go on. */
  readonly flag: number | null;
}

/** A scan of known length, by whichever way the options ask for. */
export function runScan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: RunOptions,
  undo?: (carry: C, x: X, y: Y) => C,
): [carry: C, ys: Y] {
  const { length, reverse = false, checkpointEvery: every, flag } = options;
  if (hasTapHandlers() && length !== UNBOUNDED && length > 0) return unrolled(f, init, xs, length, reverse);
  if (every !== undefined && every < length) return segmented(f, init, xs, { ...options, checkpointEvery: every });
  const { body, back, first, ysDef, carryDef, captured, sequences } = prepare(f, init, xs, undo);
  const loop = { body, consts: captured.length, carry: first.length, length, reverse };
  const parts = { consts: captured, carry: first, xs: sequences };
  const outs = back === undefined ? bindHoisted({ ...loop, flag }, parts) : bindUndo({ ...loop, undo: back }, parts);
  const ys = unflatten<Y>(ysDef, outs.slice(first.length));
  return [unflatten<C>(carryDef, outs.slice(0, first.length)), ys];
}

/** The first carry with its numbers turned into what the step makes of them. */
export function settled<C, X, Y>(f: (carry: C, x: X) => readonly [C, Y], init: C, xs: X): C {
  if (!leavesOf(init).some((x) => typeof x === 'number' || (x instanceof Tensor && x.weak))) return init;
  const { first, carryDef } = prepare(f, init, xs);
  return unflatten<C>(carryDef, first);
}

function prepare<C, X, Y>(f: (carry: C, x: X) => readonly [C, Y], init: C, xs: X, undo?: (carry: C, x: X, y: Y) => C) {
  const [sequences, buildX] = tensorsIn(xs);
  const [leaves, carryDef] = carryLeaves(init);
  const step: Step<C, X, Y> = { f, buildX, carryDef, buildCarry: (cs) => unflatten<C>(carryDef, cs) };
  const slices = sequences.map((s): Aval => ({ shape: s.shape.slice(1), dtype: s.dtype }));
  const traced = traceStep(step, leaves, slices);
  const { body, first, ysDef } = traced;
  const back = undo === undefined ? [] : [traceUndo(undo, step, traced, slices)];
  const { captured, graphs } = closeTogether([body.graph, ...back]);
  return { body: graphs[0]!, back: graphs[1], captured, first, ysDef, carryDef, sequences };
}

/** Carry after, slices, results → carry before. */
function traceUndo<C, X, Y>(
  undo: (carry: C, x: X, y: Y) => C,
  { buildCarry, buildX, carryDef }: Step<C, X, Y>,
  { body, first, ysDef }: TracedStep,
  slices: readonly Aval[],
): Graph {
  const [n, m] = [first.length, first.length + slices.length];
  const found = traceBody(
    'scan: undo',
    (...zs) => undo(buildCarry(zs.slice(0, n)), buildX(zs.slice(n, m)), unflatten<Y>(ysDef, zs.slice(m))),
    [...first.map(aval), ...slices, ...outAvals(body.graph).slice(n).map(aval)],
  );
  checkLike('scan: undo', found, first.map(aval), carryDef);
  return found.graph;
}

function checkEvery(every: number | undefined): void {
  if (every === undefined || (Number.isInteger(every) && every > 0)) return;
  throw new ConfigError(`scan: checkpointEvery is ${every}, not a whole number of steps`, {
    help: 'give the steps between two kept carries, such as Math.ceil(Math.sqrt(length))',
  });
}

function checkUndo<C, X, Y>({ undo, stopWhen, checkpointEvery }: ScanOptions<C, X, Y>): void {
  if (undo === undefined || (stopWhen === undefined && checkpointEvery === undefined)) return;
  const other = stopWhen === undefined ? 'checkpointEvery' : 'stopWhen';
  throw new ConfigError(`scan: undo and ${other} were both given`, {
    help:
      stopWhen === undefined
        ? 'with undo nothing is kept that segments could save'
        : 'a loop that ends by itself cannot be undone: give it a length, or leave undo out',
  });
}

/** The common length of the sequences. */
function lengthOf(xs: unknown, sequences: readonly Tensor[], asked: number | undefined): number {
  const [leaves, def] = flatten(xs);
  const paths = def.paths.filter((_, i) => leaves[i] instanceof Tensor);
  sequences.forEach((s, i) => {
    const expected = asked ?? sequences[0]!.shape[0];
    if (s.rank > 0 && s.shape[0] === expected) return;
    throw new ShapeError(
      `scan: the sequence ${paths[i] || 'xs'} is ${showAval(s)} where ${expected ?? 'some'} steps are needed`,
      {
        shape: s.shape,
        length: expected,
        help: 'all sequences have one leading axis of the same length; that of { length } if it is given',
      },
    );
  });
  const length = asked ?? sequences[0]?.shape[0];
  if (length !== undefined && Number.isInteger(length) && length >= 0) return length;
  throw new ConfigError(`scan: the number of steps is ${length === undefined ? 'not known' : length}`, {
    help: 'pass sequences, or { length }',
  });
}

/** The leaves of a carry: tensors and numbers. */
function carryLeaves(init: unknown): [leaves: TensorLike[], def: TreeDef] {
  const [leaves, def] = flatten(init);
  leaves.forEach((leaf, i) => {
    if (leaf instanceof Tensor || typeof leaf === 'number') return;
    throw new TreeError(
      `scan: the carry holds ${(leaf as object)?.constructor?.name ?? typeof leaf} at ${def.paths[i] || 'the root'}`,
      {
        help: 'carries are trees of tensors and numbers; the step may read other things from outside',
      },
    );
  });
  return [leaves as TensorLike[], def];
}

interface TracedStep {
  readonly body: Body;
  readonly first: readonly Tensor[];
  readonly ysDef: TreeDef;
}

/** Traces the step; numbers in the first carry take the dtype that the step gives them. */
function traceStep<C, X, Y>(step: Step<C, X, Y>, leaves: readonly TensorLike[], slices: readonly Aval[]): TracedStep {
  const isNumber = leaves.map((x) => typeof x === 'number' || x.weak);
  const first = leaves.map((x) => asTensor(x));
  const traced = traceWith(step, first, slices);
  const found = outAvals(traced.body.graph).slice(0, first.length);
  const isStale = found.length === first.length && first.some((x, i) => isNumber[i] && x.dtype !== found[i]!.dtype);
  if (!isStale) return checked(step, traced, first);
  const moved = first.map((x, i) => (isNumber[i] ? cast(x, found[i]!.dtype) : x));
  return checked(step, traceWith(step, moved, slices), moved);
}

interface Traced {
  readonly body: Body;
  readonly carryDef: TreeDef;
  readonly ysDef: TreeDef;
}

function traceWith<C, X, Y>(step: Step<C, X, Y>, first: readonly Tensor[], slices: readonly Aval[]): Traced {
  let carryDef: TreeDef | null = null;
  let ysDef: TreeDef | null = null;
  const n = first.length;
  const body = traceBody(
    'scan',
    (...zs) => {
      const result = step.f(step.buildCarry(zs.slice(0, n)), step.buildX(zs.slice(n)));
      if (!Array.isArray(result) || result.length !== 2)
        throw new TreeError('scan: the step must return [carry, y]', {
          help: 'return null for y when nothing is to be stacked',
        });
      carryDef = structureOf(result[0]);
      ysDef = structureOf(result[1]);
      return [leavesOf(result[0]), leavesOf(result[1])];
    },
    [...first.map(aval), ...slices],
  );
  return { body, carryDef: carryDef!, ysDef: ysDef! };
}

function checked<C, X, Y>(
  step: Step<C, X, Y>,
  { body, carryDef, ysDef }: Traced,
  first: readonly Tensor[],
): TracedStep {
  const carried = { graph: { ...body.graph, outputs: body.graph.outputs.slice(0, carryDef.count) }, def: carryDef };
  checkLike('scan: the carry', carried, first.map(aval), step.carryDef);
  return { body, first, ysDef };
}

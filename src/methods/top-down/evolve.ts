/** The upper level: a top-down network is evolved so that networks it trains from fresh starts end with a low cross-entropy. */
import {
  argmax,
  broadcastTo,
  cast,
  eq,
  gt,
  jit,
  log,
  maximum,
  mean,
  neg,
  random,
  type Tensor,
  take,
} from '../../engine/index.ts';
import { linearDecay } from '../../optim/index.ts';
import { evolve } from '../perturbation/evolution.ts';
import { type CreditSource, chanceOfTruth, drawNets, forward, type Nets, trainOn } from './bottom-up.ts';
import { startOfTopDown, type TopDownShape, topDownCredits } from './top-down.ts';

/** Rows to learn from: x (n, d), targets t (n, outputs) as 0 and 1. */
export interface Rows {
  readonly x: Tensor;
  readonly t: Tensor;
}

/** What a bottom-up network goes through. */
export interface Lesson {
  readonly rows: Rows;
  /** Of the bottom-up network, input and output included. */
  readonly widths: readonly number[];
  /** K updates. */
  readonly steps: number;
  /** Rows an update, drawn with replacement; all of them in order for `full`. */
  readonly batch: number | 'full';
}

export interface EvolveTopDownOptions {
  readonly shape: TopDownShape;
  /** One lesson a generation, in turn. */
  readonly lessons: readonly Lesson[];
  readonly generations: number;
  /** I: starts that all members of a generation share. */
  readonly starts?: number;
  readonly population?: number;
  readonly sigma?: number;
  readonly key: Tensor;
  readonly onGeneration?: (generation: number, meanFitness: number) => void | Promise<void>;
}

/** Evolves ψ from a start without credits; the last ψ is returned. Inner updates in all: population × starts × steps × generations. */
export function evolveTopDown(options: EvolveTopDownOptions): Promise<Tensor> {
  const { shape, lessons, generations, starts = 2, key, ...rest } = options;
  const [forStart, forSearch] = random.split(key, 2) as [Tensor, Tensor];
  return evolve({
    ...rest,
    generations,
    start: startOfTopDown(forStart, shape),
    fitness: lessons.map((lesson) => (members, now) => fitnessOf(members, shape, lesson, starts, now)),
    rate: linearDecay({ rate: 0.052, final: 0.002, steps: generations }),
    key: forSearch,
  });
}

const FLOOR = 1e-6;

/** Minus the cross-entropy over all rows after the lesson, the mean over fresh starts that all members share. */
function fitnessOf(members: Tensor, shape: TopDownShape, lesson: Lesson, starts: number, key: Tensor): Tensor {
  const trained = taught({ lesson, lead: [members.shape[0]!, starts], source: topDownCredits(members, shape), key });
  return mean(logChance(trained, lesson.rows), [1, 2]);
}

const logChance = (nets: Nets, { x, t }: Rows): Tensor =>
  log(maximum(chanceOfTruth(forward(nets, x).output, t), FLOOR));

interface Teaching {
  readonly lesson: Lesson;
  /** Ways of learning, starts: every way meets the same starts and batches. */
  readonly lead: readonly [number, number];
  readonly source: CreditSource;
  readonly key: Tensor;
  readonly rate?: number | Tensor;
}

/** Networks from fresh starts after a lesson, (ways, starts, …). */
function taught({ lesson, lead, source, key, rate = 1 }: Teaching): Nets {
  const { rows, widths, steps, batch } = lesson;
  const [forNets, forBatches] = random.split(key, 2) as [Tensor, Tensor];
  const drawn = drawNets(forNets, [1, lead[1]], widths);
  const spread = (p: Tensor): Tensor => broadcastTo(p, [...lead, ...p.shape.slice(2)]);
  const nets: Nets = { w: drawn.w.map(spread), b: drawn.b.map(spread) };
  const order = batch === 'full' ? null : random.randint(forBatches, [steps, 1, lead[1], batch], 0, rows.x.shape[0]!);
  const stepsOf = (v: Tensor): Tensor => (order === null ? broadcastTo(v, [steps, 1, 1, ...v.shape]) : take(v, order));
  return trainOn(nets, stepsOf(rows.x), stepsOf(rows.t), source, { rate });
}

/** How networks do that were trained from fresh starts. */
export interface Judgement {
  /** Share of test rows right, (ways, starts). */
  readonly accuracy: Tensor;
  /** Cross-entropy over the training rows, (ways, starts). */
  readonly trainLoss: Tensor;
}

/** Trains from starts that the upper level never saw and measures on test rows. */
export function judge({ test, ...teaching }: Teaching & { readonly test: Rows }): Judgement {
  const run = jit((key: Tensor): Judgement => {
    const nets = taught({ ...teaching, key });
    const { output } = forward(nets, test.x);
    return {
      accuracy: mean(cast(isRight(output, test.t), output.dtype), 2),
      trainLoss: neg(mean(logChance(nets, teaching.lesson.rows), 2)),
    };
  });
  return run(teaching.key);
}

/** Whether each row is answered right, (…, n). */
export function isRight(output: Tensor, t: Tensor): Tensor {
  if (output.shape.at(-1) !== 1) return eq(argmax(output, -1), argmax(t, -1));
  return eq(gt(output, 0.5), gt(t, 0.5)).reshape(output.shape.slice(0, -1));
}

/**
 * What a step of each rule costs beside a step of backprop on the same model: time, taken in turns, against floating-point operations, counted from the graph.
 *
 * Step       credit, momentum and update of one batch, compiled, on data that is already there.
 * Quotient   the ratio of times over the ratio of FLOPs: 1 where a rule is as well computed as backprop; above `DEFECT` something is computed badly.
 * Iteration  for rules that relax: what twice as many moves cost more, a move; its own share of a backprop step and its own quotient.
 */
import { random } from '../../engine/index.ts';
import { type KeyWords, keyFrom } from '../../engine/threefry.ts';
import { factories } from '../../methods/index.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { type Batch, crossEntropy, type Model } from '../../nn/index.ts';
import { momentum } from '../../optim/index.ts';
import { buildModel } from '../models.ts';
import { type TimeRatio, type TimingOptions, type TimingReport, timeInterleaved } from '../timing.ts';
import { keyTensor, Trainer } from '../trainer.ts';
import { BASELINE, type Place } from './placement.ts';

/** A quotient above this is a defect. */
export const DEFECT = 2;

/** One rule beside backprop; ratios are over backprop on the same model and batch. */
export interface RuleCost {
  readonly type: 'cost';
  readonly rule: string;
  readonly model: string;
  /** Shape of one sample. */
  readonly input: number[];
  readonly batch: number;
  readonly ms: number;
  readonly flops: number;
  readonly peakBytes: number;
  readonly timeRatio: number;
  /** 95 % interval of the ratio of times. */
  readonly timeRange: [low: number, high: number];
  readonly flopsRatio: number;
  readonly bytesRatio: number;
  readonly quotient: number;
  /** Null for rules that do not relax. */
  readonly iteration: IterationCost | null;
}

/** One move of a relaxation, in units of a backprop step. */
export interface IterationCost {
  readonly moves: number;
  readonly timeRatio: number;
  readonly flopsRatio: number;
  readonly quotient: number;
}

export interface CostOptions {
  readonly places: readonly Place[];
  /** Shape of one sample. */
  readonly input: readonly number[];
  readonly outputs: number;
  readonly batch: number;
  readonly timing?: TimingOptions;
  readonly signal?: AbortSignal | undefined;
}

/** Of an update; so small that timing does not move the parameters anywhere. */
const RATE = 1e-7;

/** Measures each rule beside backprop; the baseline itself is left out. Nothing of the figures depends on data, so samples are drawn. */
export async function* ruleCosts(options: CostOptions): AsyncGenerator<RuleCost> {
  const { places, input, outputs, batch: rows } = options;
  const key = keyFrom(1);
  const batch = drawnBatch([rows, ...input], outputs, key);
  for (const { rule, model: name } of places) {
    options.signal?.throwIfAborted();
    if (rule === BASELINE || factories[rule] === undefined) continue;
    const model = buildModel(name, input, outputs);
    yield await costBeside({ rule, name, model, batch, key }, options);
  }
}

interface Subject {
  readonly rule: string;
  readonly name: string;
  readonly model: Model;
  readonly batch: Batch;
  readonly key: KeyWords;
}

async function costBeside({ rule, name, model, batch, key }: Subject, options: CostOptions): Promise<RuleCost> {
  const make = (id: string, settings: object = {}) =>
    stepperOf((factories[id] as (options: object) => CreditRule)(settings), { model, batch, key });
  const relaxation = relaxations[rule];
  const [own, base] = [make(rule), make(BASELINE)];
  const twice = relaxation === undefined ? null : make(rule, relaxation.twice);
  const candidates: Record<string, () => unknown> = { base: base.step, own: own.step };
  if (twice !== null) candidates.twice = twice.step;
  const report = await timeInterleaved(candidates, { ...options.timing, signal: options.signal });
  const time: TimeRatio = report.ratio('own', 'base');
  const flopsRatio = own.flops / base.flops;
  return {
    type: 'cost',
    rule,
    model: name,
    input: [...options.input],
    batch: options.batch,
    ms: report.times.own!.ms,
    flops: own.flops,
    peakBytes: own.peakBytes,
    timeRatio: time.estimate,
    timeRange: [time.low, time.high],
    flopsRatio,
    bytesRatio: own.peakBytes / base.peakBytes,
    quotient: time.estimate / flopsRatio,
    iteration: twice === null ? null : iterationOf(relaxation!.moves, report, (twice.flops - own.flops) / base.flops),
  };
}

/** What a move costs: the difference of two relaxations, over the moves that one has more. */
function iterationOf(moves: number, report: TimingReport, moreFlops: number): IterationCost {
  const moreTime = report.ratio('twice', 'base').estimate - report.ratio('own', 'base').estimate;
  return {
    moves,
    timeRatio: moreTime / moves,
    flopsRatio: moreFlops / moves,
    quotient: moreTime / moreFlops,
  };
}

/** Rules that relax: the moves of one step by default, and the options that double them. */
const relaxations: Readonly<Record<string, { readonly moves: number; readonly twice: object }>> = {
  'contrastive-hebbian-learning': { moves: 60, twice: { steps: 60 } },
  'equilibrium-propagation': { moves: 70, twice: { freeSteps: 80, nudgedSteps: 30 } },
  'inference-learning': { moves: 20, twice: { steps: 40 } },
  'predictive-coding-nudge': { moves: 50, twice: { steps: 100 } },
};

interface TimedStep {
  readonly step: () => Promise<unknown>;
  readonly flops: number;
  readonly peakBytes: number;
}

function stepperOf(
  rule: CreditRule,
  { model, batch, key }: { readonly model: Model; readonly batch: Batch; readonly key: KeyWords },
): TimedStep {
  const optimizer = momentum({ learningRate: RATE });
  const trainer = new Trainer({ model, loss: crossEntropy(), rule, optimizer, key });
  const { flops } = trainer.costOf(batch);
  let step = 0;
  return { step: () => trainer.step(batch, step++), flops, peakBytes: trainer.peakBytes };
}

function drawnBatch(shape: readonly number[], classes: number, key: KeyWords): Batch {
  const [forX, forY] = random.split(keyTensor(key), 2);
  return { x: random.normal(forX!, shape), y: random.randint(forY!, [shape[0]!], 0, classes) };
}

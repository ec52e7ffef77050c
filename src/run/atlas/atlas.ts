/** The atlas of one task: every rule and learner on the model that suits it, tuned by the same number of trials over the same budget, then run from several seeds. */
import { backend, ConfigError } from '../../engine/index.ts';
import { foldIn, keyFrom } from '../../engine/threefry.ts';
import { contestantNamed } from '../../methods/index.ts';
import type { Budget, Learner } from '../../methods/learner.ts';
import type { Tree } from '../../nn/index.ts';
import { fnv1a } from '../checkpoint.ts';
import { learnerOf } from '../job.ts';
import type { StartEvent } from '../schema.ts';
import { gridPoints, logScale, type Space } from '../space.ts';
import type { Task } from '../task.ts';
import type { Metric } from '../trials.ts';
import { type Candidate, tune } from '../tuner.ts';
import { fitWithCurve, layersOf } from './fit.ts';
import { BASELINE, type Place, placed, type Refusal } from './placement.ts';
import type { AtlasHead, AtlasRun, AtlasStore } from './records.ts';

export interface AtlasOptions {
  /** Ids of rules and learners. */
  readonly rules: readonly string[];
  readonly models: readonly string[];
  /** Learning rates tried for each rule: in equal ratios from 1e-5 to 1; for learners two and a half decades to both sides of their own. */
  readonly trials: number;
  /** Fits with the best rate; fit i starts from the same key for every rule. */
  readonly seeds: number;
  /** Training samples of a fit, in trials and runs alike. */
  readonly budget: Budget;
  readonly batch: number;
  readonly seed: number;
  readonly points: number;
  readonly probe: number;
  /** A fit takes at most so many times the FLOPs of backprop's: what is dearer sees fewer samples. */
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
  readonly on?: (event: AtlasEvent) => void;
}

export type AtlasEvent =
  /** A fit was made, or was in the store; `share` of the work of all fits of the task is its own. */
  | {
      readonly type: 'fit';
      readonly place: Place;
      readonly done: number;
      readonly of: number;
      readonly share: number;
      readonly isOld: boolean;
    }
  | { readonly type: 'cell'; readonly place: Place; readonly runs: readonly AtlasRun[] }
  | { readonly type: 'refusal'; readonly rule: string; readonly reason: string };

const OPTIMIZER = 'momentum';
/** The accuracy picks rates at which other seeds diverge. */
const METRIC: Metric = 'loss';
/** Of the update that is weighed. */
const FIRST_RATE = 1e-5;
const RATES = logScale(1e-5, 1);
/** The answers of learners are no logits: their loss may fall with nothing but the length of the answer. */
const metricOf = (rule: string, { isClassification }: Task): Metric =>
  isClassification && contestantNamed(rule).kind === 'learner' ? 'accuracy' : METRIC;
/** What a fit takes besides its updates, compiling and measuring, in FLOPs: about a second. */
const BESIDES = 1e10;
/** Decades to both sides of a learner's own rate. */
const REACH = 10 ** 2.5;
/** Folded into the key of the atlas. */
const TUNE = 1;
const RUNS = 2;

/** What the file of a task begins with. */
export function headOf(
  task: Task,
  title: string,
  { trials, budget, most, batch, seed, points, probe }: AtlasOptions,
  where: { readonly machine: StartEvent['machine']; readonly version: string },
): AtlasHead {
  const { x } = task.train;
  return {
    type: 'atlas',
    formatVersion: 1,
    task: task.name,
    title,
    rows: { train: task.train.n, test: task.test.n },
    data: fnv1a(new Uint8Array(x.buffer, x.byteOffset, x.byteLength)),
    ...{ trials, budget, most, batch, optimizer: OPTIMIZER, metric: METRIC, seed, points, probe },
    profile: backend().profile,
    ...where,
  };
}

/** Measures the cells of a task that the store does not hold yet; tells every fit, cell and refusal. */
export async function measureAtlas(task: Task, store: AtlasStore, options: AtlasOptions): Promise<void> {
  requireBudget(options);
  const { places, refusals } = placed(options.rules, options.models, task);
  const { cells, refused } = await weighed(places, task, options);
  for (const refusal of [...refusals, ...refused]) {
    await store.add({ type: 'refusal', ...refusal });
    options.on?.({ type: 'refusal', ...refusal });
  }
  const of = options.trials + options.seeds;
  const all = cells.reduce((sum, { flops }) => sum + of * (flops + BESIDES), 0);
  for (const { place, flops, budget } of cells) {
    let done = 0;
    await measureCell(place, task, store, { ...options, budget }, (isOld) => {
      done++;
      options.on?.({ type: 'fit', place, done, of, share: (flops + BESIDES) / all, isOld });
    });
    options.on?.({ type: 'cell', place, runs: store.runsOf(place).slice(0, options.seeds) });
  }
}

function requireBudget({ budget, batch, points }: AtlasOptions): void {
  if (budget.kind === 'samples' && budget.value >= batch * points) return;
  throw new ConfigError(`an atlas cannot give ${budget.value} ${budget.kind} to every fit`, {
    budget,
    help: `give samples, at least ${batch * points}: one update for every point of the curve`,
  });
}

interface Weighed {
  readonly cells: readonly { readonly place: Place; readonly flops: number; readonly budget: Budget }[];
  readonly refused: readonly Refusal[];
}

/** The FLOPs and samples of a fit at each place, from the count of its first update; refuses what cannot begin or would see too few samples. */
async function weighed(places: readonly Place[], task: Task, options: AtlasOptions): Promise<Weighed> {
  const base = new Map<string, number>();
  const cells: { place: Place; flops: number; budget: Budget }[] = [];
  const refused: Refusal[] = [];
  for (const place of places) {
    options.signal?.throwIfAborted();
    const flops = await flopsPerSample(place, task, options);
    if (typeof flops === 'string') {
      refused.push({ rule: place.rule, reason: flops });
      continue;
    }
    if (place.rule === BASELINE) base.set(place.model, flops);
    const times = flops / base.get(place.model)!;
    const value = samplesFor(times, options);
    if (value < options.batch * options.points) refused.push({ rule: place.rule, reason: tooDear(times, value) });
    else cells.push({ place, flops: flops * value, budget: { kind: 'samples', value } });
  }
  return { cells, refused };
}

/** Samples of a fit: those of the budget, or of as many whole batches as its FLOPs allow. */
const samplesFor = (times: number, { budget, batch, most }: AtlasOptions): number =>
  times <= most ? budget.value : Math.floor((budget.value * most) / times / batch) * batch;

const tooDear = (times: number, samples: number): string =>
  `a sample takes ${Math.round(times)} times the FLOPs of backprop, which leaves ${samples} samples for a fit`;

async function flopsPerSample(place: Place, task: Task, options: AtlasOptions): Promise<number | string> {
  const { budget, signal, seed } = options;
  const learner = learnerAt(place, FIRST_RATE, task, options);
  try {
    const events = learner.fit({ task, budget, key: keyFrom(seed), signal });
    const { value, done } = await events.next();
    await events.return();
    return done === true ? 0 : value.counters.flops / value.counters.samples;
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n')[0]!;
    throw error;
  }
}

/** The trials of a cell, then its runs; what the store holds is not run again. */
async function measureCell(
  place: Place,
  task: Task,
  store: AtlasStore,
  options: AtlasOptions,
  onFit: (isOld: boolean) => void,
): Promise<void> {
  const { trials, seeds, budget, signal, seed, points, probe } = options;
  const candidate = candidateAt(place, options);
  const rates = gridPoints(candidate.space, trials).map(({ learningRate }) => learningRate as number);
  store.keepOnly(place, budget, rates);
  const tried = store.trialsOf(place);
  const before = (await tried.open({})).length;
  const { best } = await tune({
    ...{ task, trials, budget, signal, metric: metricOf(place.rule, task) },
    learners: [candidate],
    key: foldIn(keyFrom(seed), TUNE),
    store: tried,
    onTrial: ({ trial }) => onFit(trial < before),
  });
  const { hyper, edges } = best[place.rule]!;
  const known = store.runsOf(place);
  for (let run = 0; run < seeds; run++) {
    const isOld = known.some((r) => r.run === run && r.hyper.learningRate === hyper.learningRate);
    if (!isOld) {
      const key = foldIn(foldIn(keyFrom(seed), RUNS), run);
      const learner = candidate.make(hyper, { task, budget }) as Learner<Tree>;
      const curve = await fitWithCurve(learner, { task, budget, key, signal, points, probe });
      const what = { type: 'run', ...place, run, hyper, budget, key } as const;
      await store.add({ ...what, layers: layersOf(place.model, task), isEdge: edges.length > 0, ...curve });
    }
    onFit(isOld);
  }
}

function candidateAt(place: Place, options: AtlasOptions): Candidate {
  return {
    id: place.rule,
    space: spaceOf(place.rule),
    make: (hyper, { task }) => learnerAt(place, hyper.learningRate as number, task, options) as Learner<unknown>,
  };
}

const learnerAt = ({ rule, model }: Place, learningRate: number, task: Task, options: AtlasOptions): Learner<Tree> =>
  learnerOf(
    { rule, model, optimizer: { name: OPTIMIZER, learningRate }, batch: options.batch, budget: options.budget },
    task,
  );

/** The rates that are tried. */
function spaceOf(rule: string): Space {
  const found = contestantNamed(rule);
  if (found.kind === 'rule') return { learningRate: RATES };
  const { learningRate } = found.learner;
  return { learningRate: logScale(learningRate / REACH, learningRate * REACH) };
}

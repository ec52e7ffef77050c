/** A fit with its curve: loss, accuracy and angles to the gradient at even distances along the way. */
import { DivergedError } from '../../engine/index.ts';
import { foldIn } from '../../engine/threefry.ts';
import type { FitEvent, Learner } from '../../methods/learner.ts';
import { type Batch, paramLayers, type Tree } from '../../nn/index.ts';
import { Evaluator } from '../evaluate.ts';
import type { FitOptions, FitOutcome } from '../fit.ts';
import { finite, probeBatch } from '../job.ts';
import { modelFor } from '../models.ts';
import type { Task } from '../task.ts';
import type { AtlasPoint } from './records.ts';

export interface CurveOptions extends FitOptions {
  /** Measurements after the one before the first update. */
  readonly points: number;
  /** Rows that credit and gradient are compared on. */
  readonly probe: number;
}

export interface Curve extends FitOutcome {
  readonly peakBytes: number;
  readonly points: readonly AtlasPoint[];
}

/** Folded into the key of the run for diagnoses, which must not disturb it. */
const PROBE = 0x9e0be;

/** Fits a learner within a budget of samples and measures it on the task's test rows as it goes; a loss that is not finite ends the fit and is said. */
export async function fitWithCurve(learner: Learner<Tree>, options: CurveOptions): Promise<Curve> {
  const { task, budget, key, signal, points } = options;
  const measure = measurerOf(learner, options);
  const curve: AtlasPoint[] = [await measure(0, learner.init(key))];
  let last: FitEvent<Tree> | null = null;
  let measuredAt = 0;
  try {
    for await (const event of learner.fit({ task, budget, key, signal })) {
      last = event;
      if (event.loss !== null && !Number.isFinite(event.loss)) return outcomeOf(last, curve, true);
      const { samples } = event.counters;
      if (samples < (curve.length * budget.value) / points || curve.length === points) continue;
      curve.push(await measure(samples, event.state));
      measuredAt = samples;
    }
  } catch (error) {
    if (error instanceof DivergedError) return outcomeOf(last, curve, true);
    throw error;
  }
  if (last !== null && last.counters.samples > measuredAt) curve.push(await measure(last.counters.samples, last.state));
  return outcomeOf(last, curve, false);
}

type Measure = (samples: number, state: Tree) => Promise<AtlasPoint>;

function measurerOf(learner: Learner<Tree>, { task, key, probe, signal }: CurveOptions): Measure {
  const evaluator = new Evaluator((state: Tree, x) => learner.predict(state, x), task);
  const rows: Batch | null = learner.quality === undefined || probe === 0 ? null : probeBatch(task, probe);
  return async (samples, state) => {
    const { loss, accuracy } = await evaluator.measure(state, task.test, signal);
    const quality =
      rows === null
        ? { angleDeg: [], normRatio: [] }
        : await learner.quality!(state, rows, foldIn(foldIn(key, PROBE), samples));
    return { samples, loss: finite(loss), accuracy: finite(loss) === null ? null : accuracy, ...quality };
  };
}

function outcomeOf(last: FitEvent<Tree> | null, points: readonly AtlasPoint[], hasDiverged: boolean): Curve {
  const end = hasDiverged ? null : points.at(-1)!;
  return {
    loss: end?.loss ?? null,
    accuracy: end?.accuracy ?? null,
    flops: last?.counters.flops ?? 0,
    seconds: last?.counters.seconds ?? 0,
    peakBytes: last?.peakBytes ?? 0,
    status: end === null || end.loss === null ? 'diverged' : 'ok',
    points,
  };
}

/** Names of the layers that angles belong to. */
export function layersOf(model: string, task: Task): string[] {
  const built = modelFor(model, task);
  return paramLayers(built).map((i) => built.names[i]!);
}

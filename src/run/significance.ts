/** Which rules differ, and how fast they learned: paired tests over seeds with Holm's correction, means of learning curves, updates to a target. */
import { areaUnderCurve, holm, meanInterval, pairedT, stepsToTarget } from '../stats/index.ts';
import type { EpochEvent, PairedTest, RuleSummary } from './schema.ts';
import type { Metric } from './trials.ts';

/** One run: what seed it started from and how it ended; null where it diverged. */
export interface RunMeasure {
  readonly rule: string;
  readonly seed: number;
  readonly loss: number | null;
  readonly accuracy: number | null;
}

export interface PairedTestOptions {
  readonly baseline: string;
  readonly metric: Metric;
}

/** Tests each rule against the baseline over the seeds that both ended; fewer than two pairs are no test. All p-values are adjusted together. */
export function pairedTests(runs: readonly RunMeasure[], { baseline, metric }: PairedTestOptions): PairedTest[] {
  const rules = [...new Set(runs.map(({ rule }) => rule))].filter((rule) => rule !== baseline).sort();
  const valuesOf = (rule: string) =>
    new Map(runs.flatMap((r) => (r.rule === rule && r[metric] !== null ? [[r.seed, r[metric]] as const] : [])));
  const base = valuesOf(baseline);
  const tests = rules.flatMap((rule) => {
    const own = valuesOf(rule);
    const seeds = [...base.keys()].filter((seed) => own.has(seed)).sort((a, b) => a - b);
    if (seeds.length < 2) return [];
    const pick = (values: ReadonlyMap<number, number>) => seeds.map((seed) => values.get(seed)!);
    const { difference, low, high, p } = pairedT(pick(own), pick(base));
    return [{ rule, baseline, metric, n: seeds.length, difference, low, high, pRaw: p }];
  });
  const adjusted = holm(tests.map(({ pRaw }) => pRaw));
  return tests.map((test, i) => ({ ...test, p: adjusted[i]! }));
}

/** The mean of the metric along each run's curve, over samples, and the updates until it first met a target; runs that never did are left out of the latter and lower its n. */
export function curveSummary(
  epochs: readonly EpochEvent[],
  metric: Metric,
  target?: number,
): Pick<RuleSummary, 'curve' | 'stepsToTarget'> {
  const inOrder = [...epochs].sort((a, b) => a.step - b.step);
  const curves = [...new Set(inOrder.map(({ seed }) => seed))].map((seed) =>
    inOrder
      .filter((e) => e.seed === seed)
      .flatMap((e) => (e[metric] === null ? [] : [{ samples: e.samples, step: e.step, value: e[metric] }])),
  );
  const told = curves.filter((curve) => curve.length > 0);
  const curve = meanInterval(told.map(meanAlong));
  if (target === undefined) return { curve };
  const direction = metric === 'accuracy' ? 'climb' : 'fall';
  const steps = told.flatMap((points) => {
    const values = points.map(({ value }) => value);
    const at = stepsToTarget(values, target, { direction });
    return at === null ? [] : [points[at]!.step];
  });
  return { curve, stepsToTarget: meanInterval(steps) };
}

function meanAlong(points: readonly { readonly samples: number; readonly value: number }[]): number {
  const x = points.map(({ samples }) => samples);
  const y = points.map(({ value }) => value);
  const width = x.at(-1)! - x[0]!;
  return width === 0 ? y.at(-1)! : areaUnderCurve(x, y) / width;
}

/** The official benchmark of forward gradients: test functions, eight optimisers at one fixed rate, shares of runs solved and performance profiles. */
import { scalableFunctions, type TestFunction } from '../../data/index.ts';
import { setDefaultDtype } from '../../engine/index.ts';
import { HostRandom } from '../../engine/threefry.ts';
import type { Law } from '../../methods/perturbation/law.ts';
import { adabelief, adam, chain, clipByValue, type Optimizer, sgd } from '../../optim/index.ts';
import { mean, performanceProfile } from '../../stats/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { type Finish, type Racer, race, solvedShare } from './race.ts';

/** The rate of all optimisers in the official code. */
const RATE = 0.01;
/** Solved: f ≤ f* + 0.1; diverged: f − (f* + 0.1) > 1e5. */
const CLOSE = 0.1;
const FAR = 1e5;
const STARTS = 5;
const REPEATS = 5;

const makers: Readonly<Record<string, () => Optimizer>> = {
  Sgd: () => sgd({ learningRate: 1 }),
  SgdClip: () => chain(clipByValue(1), sgd({ learningRate: 1 })),
  Adam: () => adam({ learningRate: 1 }),
  AdaBelief: () => adabelief({ learningRate: 1, eps: 1e-8, isEpsInside: false }),
};

export const optimizerNames: readonly string[] = Object.keys(makers);

/** Each optimiser with gradients, then each with forward gradients. */
const racers = (law: Law): Racer[] => [
  ...Object.entries(makers).map(
    ([name, make]): Racer => ({ name, credit: 'gradient', optimizer: make(), rates: [RATE], repeats: 1 }),
  ),
  ...Object.entries(makers).map(
    ([name, make]): Racer => ({
      name: `${name}Forward`,
      credit: law,
      optimizer: make(),
      rates: [RATE],
      repeats: REPEATS,
    }),
  ),
];

export interface BenchmarkOptions {
  readonly functions?: readonly TestFunction[];
  readonly d: number;
  readonly steps: number;
  /** How many sets of five starts. */
  readonly sets: number;
}

/** One function's finish: racers × starts × 1 rate × repeats. */
export interface FunctionFinish {
  readonly id: string;
  readonly finish: Finish;
}

/** Runs the benchmark; starts come from a key of set and function, whatever is drawn elsewhere. */
export function runBenchmark(
  lab: Lab,
  { functions = scalableFunctions, d, steps, sets }: BenchmarkOptions,
): FunctionFinish[] {
  setDefaultDtype('f64');
  return functions.map((f, i) => {
    const starts = Array.from({ length: sets * STARTS }, (_, s) => startOf(lab, f, d, s));
    const least = f.minimum(d);
    const finish = race({
      value: f.value,
      starts,
      racers: racers('sphere'),
      targets: starts.map(() => least + CLOSE),
      limit: least + CLOSE + FAR,
      box: f.isBounded ? f.box(d) : undefined,
      key: lab.key(`tangents ${f.id} ${d}`),
      steps,
      onProgress: (t) => lab.step(`${f.id}, d = ${d}`, (i + t / (steps + 1)) / functions.length),
    });
    return { id: f.id, finish };
  });
}

function startOf(lab: Lab, f: TestFunction, d: number, s: number): number[] {
  const [low, high] = f.box(d);
  const random = new HostRandom(lab.words(`starts ${Math.floor(s / STARTS)} ${f.id} ${d}`, s % STARTS));
  return Array.from({ length: d }, () => random.uniform(low, high));
}

/** Shares of runs solved: gradient and forward, in the order of `optimizerNames`. */
export interface Shares {
  readonly reverse: number[];
  readonly forward: number[];
  /** forward / reverse. */
  readonly ratios: number[];
  readonly meanRatio: number;
}

export function sharesWithin(results: readonly FunctionFinish[], steps: number): Shares {
  const share = (racer: number): number =>
    solvedShare(
      results.flatMap(({ finish }) => finish[racer]!.flat(2)),
      steps,
    );
  const count = optimizerNames.length;
  const reverse = optimizerNames.map((_, i) => share(i));
  const forward = optimizerNames.map((_, i) => share(count + i));
  const ratios = forward.map((x, i) => x / reverse[i]!);
  return { reverse, forward, ratios, meanRatio: mean(ratios) };
}

/** Shares of problems (function × start) on which a racer's mean number of steps over its solved repeats is within a ratio of the best racer's. */
export function profilesOf(results: readonly FunctionFinish[], within: number, ratios: readonly number[]): number[][] {
  const costs = Array.from({ length: 2 * optimizerNames.length }, (_, racer) =>
    results.flatMap(({ finish }) =>
      finish[racer]!.map((start) => {
        const solved = start.flat().filter((t) => t <= within);
        return solved.length === 0 ? Infinity : mean(solved.map((t) => Math.max(t, 1)));
      }),
    ),
  );
  const profile = performanceProfile(costs);
  const at = ratios.map((tau) => profile.at(tau));
  return costs.map((_, racer) => at.map((shares) => shares[racer]!));
}

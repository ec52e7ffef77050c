/** XOR learned by many runs side by side: when each first answers right, and whether it still does at the end. */
import { all, eq, gt, jit, random, type Tensor, tensor, trees, vmap } from '../../engine/index.ts';
import { foldIn } from '../../engine/threefry.ts';
import { batchesOf, shown } from '../../methods/multiplexed/schedule.ts';
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { type Model, mse, type Tree } from '../../nn/index.ts';
import { median } from '../../stats/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { costOn, gradientDescent, logisticNet, uniformStart, variedNet } from './setting.ts';

export interface XorRun {
  readonly name: string;
  /** Null for online gradient descent with rate η/P. */
  readonly settings: MgdSettings | null;
  readonly hidden?: number;
  /** η. */
  readonly rate: number;
  readonly steps: number;
  readonly runs: number;
  /** σ_a of the activations. */
  readonly defects?: number;
}

export interface XorResult {
  readonly name: string;
  /** Share of runs that were right at some test. */
  readonly solved: number;
  /** Share that were right at the last test. */
  readonly still: number;
  /** Median of the steps of those that were. */
  readonly steps: number;
}

/** Steps between tests. */
const LOOK = 125;

const data = () => ({
  x: tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]),
  y: tensor([[0], [1], [1], [0]]),
});

/** Trains and tests; runs differ in start, codes, order of samples and device. */
export function trainXor(lab: Lab, run: XorRun): XorResult {
  const { hidden = 4, steps, runs, defects = 0, name } = run;
  const net = defects > 0 ? variedNet([2, hidden, 1], defects) : logisticNet([2, hidden, 1]);
  const start = uniformStart(net, lab.key(`xor start ${name}`), -0.5, 0.5, runs);
  const own = defects > 0 ? devices(net, lab.key(`xor devices ${name}`), runs) : null;
  const go =
    run.settings === null ? descent(lab, run, net, start, own) : circuit(lab, run, run.settings, net, start, own);
  const test = rightness(net);
  const first = Array<number>(runs).fill(Number.POSITIVE_INFINITY);
  let now: readonly boolean[] = [];
  for (let done = 0; done < steps; ) {
    const [theta, at] = go();
    done = at;
    now = test(theta, own);
    now.forEach((isRight, i) => {
      if (isRight) first[i] = Math.min(first[i]!, at);
    });
    lab.step(`XOR, ${name}`, done / steps);
  }
  const arrived = first.filter(Number.isFinite);
  const share = (n: number): number => n / runs;
  return {
    name,
    solved: share(arrived.length),
    still: share(now.filter(Boolean).length),
    steps: arrived.length === 0 ? Number.POSITIVE_INFINITY : median(arrived),
  };
}

const devices = (net: Model, key: Tensor, runs: number): Tree =>
  vmap((own: Tensor) => net.initialise(own).state)(random.keys(key, runs));

const sources = (lab: Lab, { name, runs }: XorRun) => {
  const key = lab.words(`xor order ${name}`);
  return Array.from({ length: runs }, (_, i) => batchesOf({ rows: 4, batch: 1, key: foldIn(key, i) }));
};

function circuit(lab: Lab, run: XorRun, settings: MgdSettings, net: Model, params: Tree, own: Tree) {
  const cost = costOn(net, mse(), data(), net.initialise(random.key(0)).state);
  const key = random.keys(lab.key(`xor codes ${run.name}`), run.runs);
  const simulation = new Simulation({ settings, cost, params, key, own, runs: run.runs });
  const { block } = simulation.simulator;
  const blocks = Math.max(1, Math.round(LOOK / block));
  const from = sources(lab, run);
  return (): readonly [Tree, number] => {
    const rows = shown(from, { from: simulation.steps, blocks, block, tauX: settings.tauX ?? 1 });
    simulation.advance(rows, Array(blocks).fill(run.rate));
    return [simulation.state.theta, simulation.steps];
  };
}

function descent(lab: Lab, run: XorRun, net: Model, params: Tree, own: Tree) {
  const cost = costOn(net, mse(), data(), net.initialise(random.key(0)).state);
  const step = gradientDescent(cost, own, run.runs);
  const from = sources(lab, run);
  const parameters = trees.countParams(net.initialise(random.key(0)).params);
  let [theta, done] = [params, 0];
  return (): readonly [Tree, number] => {
    const rows = shown(from, { from: done, blocks: LOOK, block: 1, tauX: 1 });
    theta = step(theta, rows, Array(LOOK).fill(run.rate / parameters));
    done += LOOK;
    return [theta, done];
  };
}

/** Whether all four answers of the noise-free device lie on their side of ½, run by run. */
function rightness(net: Model) {
  const { x, y } = data();
  const state = net.initialise(random.key(0)).state;
  const right = jit(
    vmap((theta: Tree, own: Tree) => all(eq(gt(net.apply(theta, own ?? state, x)[0], 0.5), gt(y, 0.5)))),
  );
  return (theta: Tree, own: Tree): boolean[] => [...right(theta, own).readSync()].map(Boolean);
}

/** The online hardware as a simulation: thousands of time steps inside one program over resident data, many runs side by side. */
import {
  add,
  ConfigError,
  cast,
  fromArray,
  iota,
  type Jitted,
  jit,
  mul,
  scalar,
  scan,
  type Tensor,
  trees,
  vmap,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { isNewSample, type Loop, loopOf, type MgdState } from './loop.ts';
import { blockSteps, type MgdSettings } from './settings.ts';

/** A network that only says what rows of the data cost. `own` is what differs from device to device and nobody knows. */
export type Cost = (theta: Tree, rows: Tensor, own: Tree) => Tensor;

/** Runs one block after another from step `from` on; `rows` (blocks, …) are shown and `rates` (blocks) are η. A block is `blockSteps` steps with one sample and one θ. */
export type Run = (state: MgdState, from: Tensor, rows: Tensor, rates: Tensor, own: Tree) => MgdState;

export interface Simulator {
  readonly loop: Loop;
  /** Steps in a block. */
  readonly block: number;
  readonly run: Run;
}

/** A pure function that runs many time steps; compile it with `jit`, map it over runs with `vmap`. */
export function simulator(settings: MgdSettings, cost: Cost): Simulator {
  const loop = loopOf(settings);
  const block = blockSteps(loop.settings);
  const step = loop.settings.form === 'analogue' ? analogueStep(loop) : discreteBlock(loop, block);
  const run: Run = ({ wiring, key, ...moving }, from, rows, rates, own) => {
    const first = add(mul(iota(rows.shape[0]!), block), from);
    const body = (now: Moving, x: BlockInput): readonly [Moving, null] => {
      const measure = (theta: Tree): Tensor => cast(cost(theta, x.rows, own), 'f64');
      const { wiring: _, key: __, ...next } = step({ ...now, wiring, key }, x.n, x.rate, measure);
      return [next, null];
    };
    return { ...scan(body, moving, { n: first, rate: rates, rows })[0], wiring, key };
  };
  return { loop, block, run };
}

/** What changes while the circuit runs. */
type Moving = Omit<MgdState, 'wiring' | 'key'>;

interface BlockInput {
  readonly n: Tensor;
  readonly rate: Tensor;
  readonly rows: Tensor;
}

type Step = (state: MgdState, n: Tensor, rate: Tensor, measure: (theta: Tree) => Tensor) => MgdState;

/** One baseline, then a measurement in every step; nothing is updated before the end. */
function discreteBlock(loop: Loop, block: number): Step {
  const hasBaseline = loop.settings.probe === 'finite';
  return (state, first, rate, measure) => {
    const baseline = hasBaseline ? loop.reading(state, first, measure(state.theta), 'baseline') : null;
    const heard = (now: MgdState, n: Tensor): MgdState => {
      const shake = loop.perturbation(now, n);
      return loop.hear(now, shake, loop.signal(now, n, shake, measure, baseline));
    };
    if (block === 1) return loop.settle(heard(state, first), first, rate);
    const body = (sum: Tree, n: Tensor): readonly [Tree, null] => [heard({ ...state, sum }, n).sum, null];
    const [sum] = scan(body, state.sum, add(iota(block), first));
    return loop.settle({ ...state, sum }, add(first, block - 1), rate);
  };
}

const analogueStep =
  (loop: Loop): Step =>
  (state, n, rate, measure) => {
    const shake = loop.perturbation(state, n);
    const cost = loop.reading(state, n, measure(trees.add(state.theta, shake)), 'plus');
    const [signal, filter] = loop.highPass(state, cost, isNewSample(n, loop.settings.tauX));
    return loop.settle(loop.hear({ ...state, filter }, shake, signal), n, rate);
  };

export interface SimulationOptions {
  readonly settings: MgdSettings;
  readonly cost: Cost;
  /** θ₀; with `runs` every leaf has a leading axis of runs. */
  readonly params: Tree;
  /** One key, or (runs, 2). */
  readonly key: Key;
  /** What is particular to the device; with `runs` every leaf has a leading axis of runs. */
  readonly own?: Tree;
  /** Independent runs side by side; one run without leading axes unless said. */
  readonly runs?: number;
}

/** Runs in progress: advances them stretch by stretch and keeps their state. */
export class Simulation {
  readonly simulator: Simulator;
  state: MgdState;
  /** Steps so far. */
  steps = 0;
  readonly #options: SimulationOptions;
  readonly #run: Jitted<Run>;

  constructor(options: SimulationOptions) {
    const { settings, cost, params, key, runs } = options;
    this.#options = options;
    this.simulator = simulator(settings, cost);
    const { init } = this.simulator.loop;
    this.state = runs === undefined ? init(params, key) : vmap(init)(params, key);
    const { run } = this.simulator;
    this.#run = jit(runs === undefined ? run : (vmap(run, { inAxes: [0, null, 0, null, 0] }) as Run), {
      name: 'multiplexed gradient descent',
    });
  }

  /** Runs as many blocks as there are rates; `rows` is (blocks, …), or (runs, blocks, …). */
  advance(rows: Tensor, rates: readonly number[]): void {
    const blocks = rows.shape[this.#options.runs === undefined ? 0 : 1];
    if (blocks !== rates.length)
      throw new ConfigError(`${rates.length} rates were given for rows of ${blocks} blocks`, {
        rates: rates.length,
        rows: rows.shape,
        help: `give one of each for every ${this.simulator.block} steps`,
      });
    this.state = this.#run(...this.#arguments(rows, rates));
    this.steps += rates.length * this.simulator.block;
  }

  /** The graph of a stretch and the bytes it takes at its highest point. */
  plan(rows: Tensor, rates: readonly number[]) {
    const given = this.#arguments(rows, rates);
    return { graph: this.#run.graphOf(...given), peakBytes: this.#run.peakBytes(...given) };
  }

  #arguments(rows: Tensor, rates: readonly number[]): Parameters<Run> {
    const own = this.#options.own ?? null;
    return [
      this.state,
      scalar(this.steps, 'i32'),
      rows,
      fromArray(Float64Array.from(rates), [rates.length], 'f64'),
      own,
    ];
  }
}

/**
 * Chip in the loop: real hardware behind a callback that returns a cost and nothing else.
 *
 * The chip is told the parameters to take, perturbation included, and which sample to look at; everything else is done on this side, by the same loop as in the simulation; examples/chip-in-the-loop.ts shows one.
 */
import { fromArray, jit, scalar, type Tensor, trees, UnsupportedError } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { breathe } from '../breathe.ts';
import { isNewSample, type Loop, loopOf, type MgdState } from './loop.ts';
import type { MgdSettings } from './settings.ts';

/** A network in hardware. */
export interface Chip {
  /** The cost with these parameters on sample number `sample` of the order in which samples are shown. */
  cost(theta: Float64Array, sample: number): number | Promise<number>;
}

export interface ChipRun {
  readonly chip: Chip;
  readonly settings: MgdSettings;
  /** θ₀. */
  readonly theta: ArrayLike<number>;
  readonly steps: number;
  /** η of step n. */
  readonly rate: number | ((n: number) => number);
  readonly key: Key;
  readonly signal?: AbortSignal;
}

export interface ChipEvent {
  /** Steps so far. */
  readonly step: number;
  /** The perturbed cost of this step. */
  readonly cost: number;
  /** Times the chip was asked so far. */
  readonly measurements: number;
  readonly state: MgdState;
}

/** Trains a chip; one event a step. */
export async function* trainChip(run: ChipRun): AsyncGenerator<ChipEvent, void, undefined> {
  const loop = loopOf(run.settings);
  const { form, probe, tauX, tauTheta } = loop.settings;
  if (probe === 'jvp')
    throw new UnsupportedError('a chip has no forward mode', { probe, help: "use probe: 'finite' or 'antithetic'" });
  const parts = compiled(loop);
  const rate = typeof run.rate === 'number' ? () => run.rate as number : run.rate;
  let state = loop.init([fromArray(Float64Array.from(run.theta), [run.theta.length], 'f64')], run.key);
  let measurements = 0;
  let baseline = 0;
  const ask = async (theta: Tree, n: number): Promise<number> => {
    measurements++;
    return run.chip.cost((await (theta as Tensor[])[0]!.read()) as Float64Array, Math.floor(n / tauX));
  };
  for (let n = 0; n < run.steps; n++) {
    run.signal?.throwIfAborted();
    const [shake, plus, minus] = parts.points(state, n);
    const isStale = n % tauX === 0 || n % tauTheta === 0;
    if (form === 'discrete' && probe === 'finite' && isStale) baseline = await ask(state.theta, n);
    const cost = await ask(plus, n);
    const other = probe === 'antithetic' ? await ask(minus, n) : baseline;
    state = parts.after(state, n, shake, rate(n), cost, other);
    yield { step: n + 1, cost, measurements, state };
    await breathe();
  }
}

/** The two sides of a measurement as programs. */
function compiled(loop: Loop) {
  const points = jit((state: MgdState, n: Tensor): readonly [Tree, Tree, Tree] => {
    const shake = loop.perturbation(state, n);
    return [shake, trees.add(state.theta, shake), trees.sub(state.theta, shake)];
  });
  const after = jit((state: MgdState, n: Tensor, shake: Tree, rate: Tensor, cost: Tensor, other: Tensor): MgdState => {
    const [signal, filter] = heard(loop, state, n, cost, other);
    return loop.settle(loop.hear({ ...state, filter }, shake, signal), n, rate);
  });
  const number = (x: number): Tensor => scalar(x, 'f64');
  return {
    points: (state: MgdState, n: number) => points(state, scalar(n, 'i32')),
    after: (state: MgdState, n: number, shake: Tree, rate: number, cost: number, other: number) =>
      after(state, scalar(n, 'i32'), shake, number(rate), number(cost), number(other)),
  };
}

/** C̃ from two readings of the chip. */
function heard(loop: Loop, state: MgdState, n: Tensor, cost: Tensor, other: Tensor): readonly [Tensor, Tree] {
  const { form, tauX } = loop.settings;
  const plus = loop.reading(state, n, cost, 'plus');
  if (form === 'analogue') return loop.highPass(state, plus, isNewSample(n, tauX));
  const read = loop.settings.probe === 'finite' ? loop.reading(state, n, other, 'baseline') : other;
  return [loop.difference(state, n, plus, read), state.filter];
}

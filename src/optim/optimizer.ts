/** An optimiser: a pair of pure functions over trees; chains compose them. */

import type { Tensor, Tree } from '../engine/index.ts';
import { ConfigError, trees } from '../engine/index.ts';

export interface UpdateCall {
  readonly params: Tree;
  /** Learning-rate factor of this step, from a schedule outside; 1 unless said. */
  readonly rate?: Tensor | number | undefined;
}

/** Turns credit into a step that is added to the parameters. Building blocks pass on what they are given, scaled or remembered; only `scaleByRate` turns the sign. */
export interface Optimizer<State = Tree> {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  init(params: Tree): State;
  /** Returns the step (to be added) and the next state. */
  update(credit: Tree, state: State, call: UpdateCall): readonly [step: Tree, state: State];
}

/** The parameters after a step. */
export const applyUpdates = <P extends Tree>(params: P, step: Tree): P => trees.add(params, step as P);

/** Runs optimisers one after another, each on the step of the one before. */
export function chain(...parts: readonly Optimizer[]): Optimizer<readonly Tree[]> {
  return {
    name: 'chain',
    config: { parts: parts.map(({ name, config }) => ({ name, ...config })) },
    init: (params) => parts.map((part) => part.init(params)),
    update(credit, state, call) {
      let step = credit;
      const next = parts.map((part, i) => {
        const [out, after] = part.update(step, state[i]!, call);
        step = out;
        return after;
      });
      return [step, next];
    },
  };
}

/** A building block without state: a function of each leaf of the credit and the parameter beside it. */
export function stateless(
  name: string,
  config: Readonly<Record<string, unknown>>,
  f: (credit: Tensor, param: Tensor) => Tensor,
): Optimizer<null> {
  return {
    name,
    config,
    init: () => null,
    update: (credit, _, { params }) => [trees.mapTensors(f, credit, params), null],
  };
}

/** Holds its parameters still: the step is zero. */
export const frozen = (): Optimizer<null> => ({
  name: 'frozen',
  config: {},
  init: () => null,
  update: (credit) => [trees.zerosLike(credit), null],
});

/** Refuses an option outside [low, high). */
export function checkRange(
  optimizer: string,
  option: string,
  value: number,
  low: number,
  high = Number.POSITIVE_INFINITY,
): number {
  if (value >= low && value < high) return value;
  const bounds = high === Number.POSITIVE_INFINITY ? `a number ≥ ${low}` : `in [${low}, ${high})`;
  throw new ConfigError(`${optimizer}: ${option} is ${value}; it must be ${bounds}`, { option, value });
}

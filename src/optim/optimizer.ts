/** An optimiser: a pair of pure functions over trees; chains compose them. */
import type { Tensor } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';

export interface UpdateCall {
  readonly params: Tree;
  /** Learning-rate factor of this step, from a schedule outside; 1 unless said. */
  readonly rate?: Tensor | number;
}

/** Turns credit into a step that is added to the parameters. */
export interface Optimizer<State = Tree> {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  init(params: Tree): State;
  /** Returns the step (to be added) and the next state. */
  update(credit: Tree, state: State, call: UpdateCall): readonly [step: Tree, state: State];
}

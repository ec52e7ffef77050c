/** A chain of layers as couplings between neighbouring activities, for networks whose connections work both ways. */
import type { Tensor } from '../../engine/index.ts';
import type { ApplyCall, Layer, Tree } from '../../nn/layer.ts';
import type { Model } from '../../nn/model.ts';
import type { Reason } from '../rule.ts';
import { reason } from '../rule.ts';
import { stepsOf } from './build.ts';
import { activationOf } from './difference.ts';
import { runStep, type Step } from './network.ts';
import { treeAt } from './paths.ts';

/** From one activity to the next: what lies between (pooling, reshaping), the affine map, and the activation of what it drives. */
export interface Coupling {
  readonly name: string;
  readonly between: readonly Step[];
  readonly map: Step;
  readonly activation: readonly Step[];
}

/** What the couplings of a model need besides the activities. */
export interface CouplingCall {
  readonly modelState: Tree;
  readonly call: ApplyCall;
}

const MAPS = ['dense', 'conv2d'];

/** The couplings of a chain of dense and convolutional layers, or why a model is none. */
export function couplingsOf(model: Model): readonly Coupling[] | Reason {
  const found: Coupling[] = [];
  let between: Step[] = [];
  for (const [i, layer] of model.layers.entries()) {
    const why = misfit(layer);
    if (why !== null)
      return reason(`couplings need a chain of dense and convolutional layers; ${model.names[i]} ${why}`);
    const steps = stepsOf(layer, model.names[i]!, [i]);
    const last = found.at(-1);
    if (MAPS.includes(layer.kind)) {
      found.push({ name: model.names[i]!, between, map: steps[0]!, activation: steps.slice(1) });
      between = [];
    } else if (layer.kind === 'activation' && last !== undefined && between.length === 0)
      found[found.length - 1] = { ...last, activation: [...last.activation, ...steps.slice(1)] };
    else between.push(...steps);
  }
  if (found.length === 0) return reason('couplings need layers with weights, and the model has none');
  return between.length === 0 ? found : reason('the last activity must be that of a dense or convolutional layer');
}

function misfit({ kind, children, isRecurrent, anatomy }: Layer): string | null {
  if (children !== undefined) return 'holds layers of its own';
  if (isRecurrent === true) return 'carries state through time';
  return anatomy !== undefined && !MAPS.includes(kind) ? `is a ${kind}` : null;
}

/** The couplings of a model that is known to have some. */
export const knownCouplings = (model: Model): readonly Coupling[] => couplingsOf(model) as readonly Coupling[];

/** The name of the activation of what a coupling drives; `identity` where there is none. */
export const nameOfActivation = ({ activation }: Coupling): string =>
  activation.length === 0 ? 'identity' : activationOf(activation.at(-1)!.layer);

const runAll = (steps: readonly Step[], { modelState, call }: CouplingCall, x: Tensor): Tensor =>
  steps.reduce((y, step) => runStep(step, null, modelState, call, y)[0], x);

/** What drives an activity: the affine map of what the one below sends. */
export const driveOf = ({ between, map }: Coupling, params: Tree, around: CouplingCall, below: Tensor): Tensor =>
  runStep(map, treeAt(params, map.path), around.modelState, around.call, runAll(between, around, below))[0];

/** The activation of what a coupling drives. */
export const activated = ({ activation }: Coupling, around: CouplingCall, s: Tensor): Tensor =>
  runAll(activation, around, s);

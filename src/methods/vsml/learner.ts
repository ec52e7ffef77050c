/**
 * Machines of shared synapses as learners: they run forward over the rows, one after another, and that is all. One algorithm was fitted to be backprop, the other was meta-trained by this project.
 *
 * Paper    L. Kirsch, J. Schmidhuber, Meta Learning Backpropagation And Improving It, NeurIPS 2021, arXiv:2012.14905; see machine.ts.
 * Departs  from the model they take only its widths; the meta-trained algorithm has one layer, as in most of the paper, and its learning has no rate: what is given for one is not used.
 */

import { fnv1a } from '../../engine/hash.ts';
import {
  concat,
  costOf,
  jit,
  mean,
  oneHot,
  ones,
  optimize,
  printGraph,
  reshape,
  scan,
  sizeOf,
  type Tensor,
  tensor,
} from '../../engine/index.ts';
import type { KeyWords } from '../../engine/threefry.ts';
import type { Batch, Model, Tree } from '../../nn/index.ts';
import type { Learner, LearnerKind, LearnerSetting, LearningTask, UpdateCost } from '../learner.ts';
import { type Reason, reason } from '../rule.ts';
import { fitInSteps, type Stepper } from '../stepping.ts';
import { CLONE_MACHINE, slotSynapse } from './clone-synapse.ts';
import { kirsch2021, type Machine, type MachineState, machine, surprise } from './machine.ts';
import { shippedSynapse } from './meta-setting.ts';
import { decodeTheta } from './shipped.ts';
import { CLONED, META_TRAINED } from './trained.ts';

const LAYERS = new Set(['dense', 'flatten', 'activation', 'dropout']);

/** Widths of a model that is a chain of dense layers with logits at its end. */
export function widthsOf({ layers, inputShape, outputShape }: Model): readonly number[] | Reason {
  const other = layers.find(({ kind }) => !LAYERS.has(kind));
  if (other !== undefined) return reason(`a machine of synapses needs dense layers, and here is ${other.kind}`);
  if (outputShape.length !== 1) return reason(`a machine of synapses gives one row of logits, not [${outputShape}]`);
  const units = layers.filter(({ kind }) => kind === 'dense').map(({ config }) => config.units as number);
  return units.length === 0 ? reason('the model has no dense layer') : [sizeOf(inputShape), ...units];
}

function supports({ task, model }: Pick<LearnerSetting, 'task' | 'model'>): true | Reason {
  if (!(task.train.y instanceof Int32Array))
    return reason('the error that its synapses hear is that of classification');
  const widths = widthsOf(model);
  return 'reason' in widths ? widths : true;
}

/** Backprop as an LSTM that was fitted to it; the rate is that of the gradient descent. */
export const learningAlgorithmCloning: LearnerKind = {
  id: 'learning-algorithm-cloning',
  aliases: ['lac', 'cloned-backprop'],
  paper: kirsch2021,
  summary:
    'A shared LSTM in every synapse that was fitted to be backprop: run forward, it learns; no derivative is taken.',
  learningRate: 0.02,
  supports,
  make({ task, model, batch, learningRate }) {
    const synapse = slotSynapse({ rate: learningRate });
    const [inputs, ...above] = widthsOf(model) as readonly number[];
    const net = machine([inputs! + 1, ...above.slice(0, -1), task.outputs], synapse, CLONE_MACHINE);
    const theta = decodeTheta(CLONED, synapse.init(tensor(Uint32Array.of(0, 0))));
    return onlineLearner({ id: 'learning-algorithm-cloning', net, theta, task, batch, hasConstant: true });
  },
};

/** A learning algorithm that was found by meta learning, in one layer. */
export const variableSharedMetaLearning: LearnerKind = {
  id: 'variable-shared-meta-learning',
  aliases: ['vsml'],
  paper: kirsch2021,
  summary: 'A shared LSTM in every synapse of one layer, meta-trained on digits to learn fast from its first examples.',
  learningRate: 1,
  supports,
  make({ task, model, batch }) {
    const [inputs] = widthsOf(model) as readonly number[];
    const net = machine([inputs!, task.outputs], shippedSynapse);
    const theta = decodeTheta(META_TRAINED, shippedSynapse.init(tensor(Uint32Array.of(0, 0))));
    return onlineLearner({ id: 'variable-shared-meta-learning', net, theta, task, batch, hasConstant: false });
  },
};

interface OnlineLearnerOptions<Theta, S> {
  readonly id: string;
  readonly net: Machine<Theta, S>;
  readonly theta: Theta;
  readonly task: LearningTask;
  /** Rows that one update runs over, one after another. */
  readonly batch: number;
  /** Whether a constant 1 stands behind the inputs. */
  readonly hasConstant: boolean;
}

/** A machine as a learner: an update is a run over the rows of a batch. */
function onlineLearner<Theta, S>(options: OnlineLearnerOptions<Theta, S>): Learner<Tree> {
  const { id, net, theta, batch, hasConstant } = options;
  const begin = (key: KeyWords): MachineState<S> => net.start(tensor(Uint32Array.from(key)), 1);
  return {
    id,
    init: (key) => begin(key) as unknown as Tree,
    fit: (call) => {
      const from = (call.from?.state as MachineState<S> | undefined) ?? begin(call.key);
      return fitInSteps(new OnlineStepper(options, from) as unknown as Stepper<Tree>, batch, call);
    },
    predict(state, x) {
      const held = state as unknown as MachineState<S>;
      const [, logits] = scan(
        (c: null, row: Tensor) => [c, net.predict(theta, held, row)],
        null,
        rowsOf(x, hasConstant),
      );
      return reshape(logits, [x.shape[0]!, options.task.outputs]);
    },
  };
}

/** Rows one by one, (B, 1, inputs). */
function rowsOf(x: Tensor, hasConstant: boolean): Tensor {
  const flat = reshape(x, [x.shape[0]!, 1, sizeOf(x.shape.slice(1))]);
  return hasConstant ? concat([flat, ones([x.shape[0]!, 1, 1], flat.dtype)], 2) : flat;
}

class OnlineStepper<Theta, S> implements Stepper<MachineState<S>> {
  state: MachineState<S>;
  peakBytes = 0;
  program = '';
  readonly #run: ReturnType<typeof compiledRun<Theta, S>>;
  #cost: UpdateCost | null = null;

  constructor(options: OnlineLearnerOptions<Theta, S>, from: MachineState<S>) {
    this.state = from;
    this.#run = compiledRun(options);
  }

  costOf(batch: Batch): UpdateCost {
    this.#cost ??= this.#count(batch);
    return this.#cost;
  }

  async step(batch: Batch): Promise<number> {
    const [state, loss] = this.#run(this.state, batch.x, batch.y);
    this.state = state;
    return (await loss.read())[0]!;
  }

  #count(batch: Batch): UpdateCost {
    const args = [this.state, batch.x, batch.y] as const;
    const graph = this.#run.graphOf(...args);
    this.program = fnv1a(new TextEncoder().encode(printGraph(graph)));
    this.peakBytes = this.#run.peakBytes(...args);
    const { flops, traffic } = costOf(optimize(graph));
    return { samples: batch.x.shape[0]!, flops, passes: null, trafficBytes: traffic };
  }
}

const compiledRun = <Theta, S>({ net, theta, task, hasConstant }: OnlineLearnerOptions<Theta, S>) =>
  jit((state: MachineState<S>, x: Tensor, y: Tensor): readonly [MachineState<S>, Tensor] => {
    const ys = reshape(oneHot(y, task.outputs, 'f32'), [y.size, 1, task.outputs]);
    const [next, logits] = net.run(theta, state, { xs: rowsOf(x, hasConstant), ys });
    return [next, mean(surprise(logits, ys))];
  });

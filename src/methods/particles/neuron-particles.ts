/**
 * Neuron-wise particle training: every neuron is searched for by a swarm of its own, judged by the loss of the whole network.
 *
 * Paper     D. Kumar, Training neural networks without backpropagation using particles, arXiv:2412.05667; the ancestor is cooperative swarm optimisation, F. van den Bergh, A. P. Engelbrecht, 2004.
 * Rule      for each neuron, others fixed: p ← x where F(x) < F(p); g ← best p where better than g; v ← wv + c₁r₁∘(p − x) + c₂r₂∘(g − x), at most vmax; x ← x + v.
 * Exact     F is the loss of the assembled network, found by running on only what a candidate changes. With one linear neuron it is ordinary particle swarm optimisation, bit for bit.
 * Departs   Fitness, order, memory, guard and the first weights are reconstructed: the paper's listings were not available. The learning rate stands for `vmax` and `spread` where they are not given.
 * Letters   F loss on the batch, x position, v velocity, p personal best, g the neuron's weights in the network, w inertia, r uniform in [0, 1).
 */

import type { Tree } from '../../nn/index.ts';
import type { Learner, LearnerKind, LearnerSetting } from '../learner.ts';
import type { Citation } from '../rule.ts';
import { fitInSteps } from '../stepping.ts';
import { denseChain, fitnessOf, networkOf, outputsOf } from './network.ts';
import { type ParticleOptions, searchOptions, swarmConstants } from './options.ts';
import type { Searcher } from './search.ts';
import type { ParticleState } from './sweep.ts';
import { ParticleTrainer } from './trainer.ts';

export type { ParticleOptions } from './options.ts';

export const kumar2024: Citation = {
  authors: 'D. Kumar',
  title: 'Training neural networks without backpropagation using particles',
  year: 2024,
  arxiv: '2412.05667',
};

/** The search that a setting describes; options are those of `ParticleOptions`. */
export function searcherOf({ task, model, learningRate, options = {} }: Omit<LearnerSetting, 'batch'>): Searcher {
  const own: ParticleOptions = { vmax: learningRate, spread: learningRate, ...options };
  return {
    net: networkOf(model, own),
    fitness: fitnessOf(task.loss, own),
    swarm: swarmConstants(own),
    search: searchOptions(own),
  };
}

/** Neuron-wise particle training of a model's dense layers; one update is one sweep over all neurons on one batch. */
export function particleLearner(setting: LearnerSetting): Learner<ParticleState> {
  const searcher = searcherOf(setting);
  return {
    id: 'neuron-particles',
    init: (key) => new ParticleTrainer(searcher, key).state,
    fit: (call) => fitInSteps(new ParticleTrainer(searcher, call.key, call.from?.state), setting.batch, call),
    predict: ({ weights }, x) => outputsOf(searcher.net, weights, x),
  };
}

export const neuronParticles: LearnerKind = {
  id: 'neuron-particles',
  aliases: ['particles', 'neuron-pso'],
  paper: kumar2024,
  summary: 'Every neuron is searched for by a swarm of its own, judged by the loss of the whole network.',
  learningRate: 0.03, // for the digits and `mlp`: the best of 0.03, 0.1, 0.3 and 1 after 20 sweeps; a few standardised inputs bear 1
  supports: ({ model }) => {
    const chain = denseChain(model);
    return 'reason' in chain ? chain : true;
  },
  make: (setting) => particleLearner(setting) as unknown as Learner<Tree>,
};

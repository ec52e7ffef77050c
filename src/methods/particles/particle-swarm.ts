/**
 * Particle swarm optimisation of complete networks, the plain rival of neuron-wise particles.
 *
 * Paper     J. Kennedy, R. Eberhart, Particle swarm optimization, ICNN 1995; constants of the constriction form, M. Clerc, J. Kennedy, 2002.
 * Rule      p ← x where F(x) < F(p); g ← best p; v ← wv + c₁r₁∘(p − x) + c₂r₂∘(g − x), at most vmax; x ← x + v.
 * Exact     synchronous: g is found once an iteration, after all particles were judged.
 * Departs   On mini-batches bests are judged anew on every batch unless `memory` is `keep`; with all rows in a batch they keep their value, as in the paper.
 * Letters   F loss of a network on the batch, x all its weights, v velocity, p personal best, g best of all, w inertia.
 */
import type { Tree } from '../../nn/index.ts';
import type { Learner, LearnerKind, LearnerSetting } from '../learner.ts';
import type { Citation } from '../rule.ts';
import { fitInSteps } from '../stepping.ts';
import { denseChain, fitnessOf, networkOf, outputsOf, unravelWeights } from './network.ts';
import { checkOneOf, MEMORIES, type PlainOptions, swarmConstants } from './options.ts';
import { type PlainSearcher, type PlainState, PlainTrainer } from './plain.ts';

export type { PlainOptions } from './options.ts';

export const kennedy1995: Citation = {
  authors: 'J. Kennedy, R. Eberhart',
  title: 'Particle swarm optimization',
  year: 1995,
  venue: 'International Conference on Neural Networks',
};

/** The swarm that a setting describes; options are those of `PlainOptions`. */
export function plainSearcherOf({ task, model, batch, learningRate, options = {} }: LearnerSetting): PlainSearcher {
  const { start = 'around', ...own }: PlainOptions = { vmax: learningRate, spread: learningRate, ...options };
  const { memory = batch === task.train.n ? 'keep' : 'reevaluate', particles = start === 'around' ? 10 : 30 } = own;
  checkOneOf('start', start, ['around', 'own', 'uniform']);
  checkOneOf('memory', memory, MEMORIES);
  return {
    net: networkOf(model, own),
    fitness: fitnessOf(task.loss, own),
    swarm: swarmConstants({ ...own, particles }),
    start,
    memory,
  };
}

/** Plain particle swarm optimisation of all weights of a model's dense layers; one update is one iteration on one batch. */
export function plainSwarmLearner(setting: LearnerSetting): Learner<PlainState> {
  const searcher = plainSearcherOf(setting);
  return {
    id: 'particle-swarm',
    init: (key) => new PlainTrainer(searcher, key).state,
    fit: (call) => fitInSteps(new PlainTrainer(searcher, call.key, call.from?.state), setting.batch, call),
    predict: ({ best }, x) => outputsOf(searcher.net, unravelWeights(searcher.net, best), x),
  };
}

export const particleSwarm: LearnerKind = {
  id: 'particle-swarm',
  aliases: ['pso', 'plain-pso'],
  paper: kennedy1995,
  summary:
    'A few complete networks fly through the space of all weights, drawn to the best that each and all have found.',
  learningRate: 1,
  supports: ({ model }) => {
    const chain = denseChain(model);
    return 'reason' in chain ? chain : true;
  },
  make: (setting) => plainSwarmLearner(setting) as unknown as Learner<Tree>,
};

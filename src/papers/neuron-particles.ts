/**
 * Neuron-wise training by particles: every neuron has a swarm of its own and is judged by the loss of the whole network.
 *
 * Paper   D. Kumar, Training neural networks without backpropagation using particles, 2024, arXiv:2412.05667.
 * Rule    particle swarm optimisation of one neuron's incoming weights at a time, the network made of each neuron's best particle.
 * Exact   the bookkeeping of what a candidate changes, the reduction to plain swarms, the loss that never rises on all rows, counts of candidates and FLOPs.
 * Departs the paper's tables, constants and sizes were not available: sizes, defaults and thresholds are those of two independent prototypes. "Comparable to backprop" is held to 1.5 points, with equal
 *         FLOPs and equal trials of a tuner on both sides.
 */
import { kumar2024 } from '../methods/particles/neuron-particles.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { accuracyClaims } from './neuron-particles/accuracy-claims.ts';
import { costClaims } from './neuron-particles/cost-claims.ts';
import { escapeClaims } from './neuron-particles/escape-claims.ts';
import { identityClaims } from './neuron-particles/identity-claims.ts';
import { rivalClaims } from './neuron-particles/rival-claims.ts';

export const paper: Paper = definePaper({
  slug: 'neuron-particles',
  title: 'Training neural networks without backpropagation using particles',
  citation: kumar2024,
  summary: 'Trains a network without derivatives: every neuron is searched for by a small swarm of its own.',
  methods: ['neuron-particles', 'particle-swarm'],
  claims: [...identityClaims, ...accuracyClaims, ...rivalClaims, ...escapeClaims, ...costClaims],
});

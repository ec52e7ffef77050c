/** Checks 1 and 2: exact bookkeeping of what a candidate changes, and the searches that neuron-wise particles reduce to. */

import { takeRows } from '../../data/index.ts';
import { fromArray, random, type Tensor } from '../../engine/index.ts';
import type { FitEvent, Learner } from '../../methods/learner.ts';
import { fitnessOf, forward, outputsOf, unitActivation, withOne } from '../../methods/particles/network.ts';
import { particleLearner } from '../../methods/particles/neuron-particles.ts';
import { type ParticleOptions, searchOptions, swarmConstants } from '../../methods/particles/options.ts';
import { plainSwarmLearner } from '../../methods/particles/particle-swarm.ts';
import { judge, type Searcher, setColumn } from '../../methods/particles/search.ts';
import { Sweep, scalarOf } from '../../methods/particles/sweep.ts';
import { orderOf } from '../../methods/particles/trainer.ts';
import { binaryCrossEntropy, crossEntropy } from '../../nn/index.ts';
import type { Task } from '../../run/index.ts';
import { atLeast, atMost, type Claim, claimsOf, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { network, type Outcome, rises, search, tableTask, toyTask } from './setting.ts';

const NETS = [
  [4, 3],
  [4, 5, 3],
  [4, 5, 4, 3],
] as const;

const searcher = (widths: readonly number[]): Searcher => ({
  net: { widths, activations: widths.slice(2).map(() => unitActivation('tanh')), masks: null },
  fitness: fitnessOf(crossEntropy(), {}),
  swarm: swarmConstants({}),
  search: searchOptions({}),
});

const apart = (a: Tensor, b: Tensor): number => Math.max(...a.sub(b).abs().readSync());

interface Gaps {
  /** Delta-forward against a full run with the row replaced. */
  readonly judged: number;
  /** Kept activities and pre-activations against a fresh run. */
  readonly kept: number;
}

/** Four sweeps on iris, every neuron looked at. */
const bookkeeping = (lab: Lab): Promise<Gaps> =>
  lab.once('bookkeeping', () =>
    lab.f64(async () => {
      const { train } = await tableTask('iris', lab.words('iris'));
      const batch = {
        x: fromArray(Float64Array.from(train.x), [...train.shape], 'f64'),
        y: fromArray(train.y as Int32Array, [train.n], 'i32'),
      };
      const gaps = NETS.map((widths) => sweepGaps(lab, widths, batch));
      return { judged: Math.max(...gaps.map((g) => g.judged)), kept: Math.max(...gaps.map((g) => g.kept)) };
    }),
  );

function sweepGaps(lab: Lab, widths: readonly number[], batch: { x: Tensor; y: Tensor }): Gaps {
  const own = searcher(widths);
  const sweep = new Sweep(own);
  const state = sweep.begin(lab.key('first network'));
  const swarms = state.swarms.map((layer) => [...layer]);
  let weights = state.weights;
  const gaps = { judged: 0, kept: 0 };
  for (let step = 0; step < 4; step++) {
    let { context, rows } = sweep.refresh(weights, batch);
    for (const neuron of orderOf(sweep, step, lab.words('order'))) {
      const { layer, unit, index } = neuron;
      const place = { layer, unit: scalarOf(unit) };
      const d = widths[layer]! + 1;
      const [candidate] = [random.normal(random.foldIn(lab.key('candidate', step), index), [1, d])];
      const replaced = context.weights.map((w, l) =>
        l === layer ? setColumn(w, candidate.take(0, 0), place.unit) : w,
      );
      const whole = own.fitness(outputsOf(own.net, replaced, batch.x), batch);
      gaps.judged = Math.max(gaps.judged, apart(judge(own, context, rows, place, candidate), whole.reshape([1])));
      const swarm = swarms[layer]![unit]!;
      const count = step * sweep.neurons.length + index;
      const found = sweep.visit(neuron, step === 0, context, swarm, rows, lab.key('draws'), count);
      swarms[layer]![unit] = found.swarm;
      context = found.context;
      const fresh = forward(own.net, context.weights, withOne(batch.x));
      for (const part of ['z', 'hidden'] as const)
        fresh[part].forEach((x, l) => {
          gaps.kept = Math.max(gaps.kept, apart(x, context[part][l]!));
        });
    }
    weights = context.weights;
  }
  return gaps;
}

/** One linear neuron on 350 rows of banana, binary cross-entropy, f64. */
const reduction = (lab: Lab) =>
  lab.once('reduction', () =>
    lab.f64(async () => {
      const whole = await tableTask('pmlb/banana', lab.words('banana'));
      const train = takeRows(
        whole.train,
        Array.from({ length: 350 }, (_, i) => i),
      );
      const task: Task = { ...whole, train, loss: binaryCrossEntropy(), outputs: 1 };
      const setting = { task, model: network([2, 1]), batch: 350, learningRate: 1 };
      const last = async <S>(learner: Learner<S>): Promise<FitEvent<S>> => {
        let found: FitEvent<S> | null = null;
        const call = { task, key: lab.words('one neuron'), budget: { kind: 'steps', value: 30 } } as const;
        for await (const event of learner.fit(call)) found = event;
        return found!;
      };
      const ours = await last(particleLearner(setting));
      const plain = await last(plainSwarmLearner(setting));
      const pairs = [
        [ours.state.weights[0]!.reshape([3]), plain.state.best],
        ...(['x', 'v', 'p'] as const).map((name) => [ours.state.swarms[0]![0]![name], plain.state.swarm[name]]),
      ] as const;
      return {
        apart: pairs.map(([a, b]) => differing(a!, b!)).reduce((a, b) => a + b),
        candidates: ours.counters.evaluations! / 350 - 30,
        plainCandidates: plain.counters.evaluations! / 350,
      };
    }),
  );

/** Numbers that are not equal to the bit. */
function differing(a: Tensor, b: Tensor): number {
  const [x, y] = [Array.from(a.readSync()), b.readSync()];
  return x.reduce((n, value, i) => n + (Object.is(value, y[i]) ? 0 : 1), 0);
}

/** Two hidden layers on spirals, 25 sweeps on all rows, f64. */
const deep = (lab: Lab, options: ParticleOptions = {}, name = 'default'): Promise<Outcome> =>
  lab.once(`spirals ${name}`, () =>
    lab.f64(() => {
      const task = toyTask('spirals', 600, lab.words('spirals'));
      return search(lab, task, { widths: [2, 6, 6, 2], sweeps: 25, options }, lab.words('deep'));
    }),
  );

const identity = claimsOf('identity');

export const identityClaims: readonly Claim[] = [
  identity(
    'delta-forward',
    'Running on only what a candidate changes gives the loss of a full run with its row replaced: largest difference in four sweeps of 4-3, 4-5-3 and 4-5-4-3 on iris.',
    'nats',
    atMost(1e-12),
    async (lab) => (await bookkeeping(lab)).judged,
  ),
  identity(
    'caches',
    'After every accepted change the kept activities and pre-activations are those of a fresh run: largest difference.',
    '',
    atMost(1e-10),
    async (lab) => (await bookkeeping(lab)).kept,
  ),
  identity(
    'one-neuron-is-plain-pso',
    'With one linear neuron, 30 iterations are plain particle swarm optimisation: weights, positions, velocities and bests that differ in a bit.',
    'numbers',
    exactly(0),
    async (lab) => (await reduction(lab)).apart,
  ),
  identity(
    'one-neuron-candidates',
    'Those 30 iterations judge 620 candidates, because bests are judged anew; plain optimisation judges 300: their sum.',
    'candidates',
    exactly(920),
    async (lab) => {
      const { candidates, plainCandidates } = await reduction(lab);
      return candidates + plainCandidates;
    },
  ),
  identity(
    'never-rises',
    'On all rows the loss never rises: sweeps of 25 with a higher loss than before, spirals 2-6-6-2.',
    'sweeps',
    exactly(0),
    async (lab) => rises(await deep(lab)),
  ),
  identity(
    'never-rises-unguarded',
    'Nor without the guard, since the incumbent is always among the personal bests.',
    'sweeps',
    exactly(0),
    async (lab) => rises(await deep(lab, { guard: false }, 'unguarded')),
  ),
  identity(
    'never-rises-parallel-guarded',
    'Nor when all neurons search at once and the joint change is guarded.',
    'sweeps',
    exactly(0),
    async (lab) => rises(await deep(lab, { order: 'parallel-guarded' }, 'parallel-guarded')),
  ),
  {
    id: 'two-hidden-layers',
    kind: 'learning',
    sentence:
      'Test accuracy of 2-6-6-2 on two spirals of 600 points after 25 sweeps: a wrong update of a later layer shows here first.',
    published: null,
    unit: 'share',
    threshold: atLeast(0.98),
    expected: 'holds',
    measure: async (lab) => (await deep(lab)).test,
  },
];

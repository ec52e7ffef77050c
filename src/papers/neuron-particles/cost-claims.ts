/** Check 8: what a sweep costs, counted from candidates and graphs; and timed, candidates together against one by one. */
import { costOf, jit, optimize, random, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { fitnessOf, unitActivation } from '../../methods/particles/network.ts';
import { searchOptions, swarmConstants } from '../../methods/particles/options.ts';
import { judge, type Place, type Searcher } from '../../methods/particles/search.ts';
import { Sweep, scalarOf } from '../../methods/particles/sweep.ts';
import { candidatesInSweep } from '../../methods/particles/trainer.ts';
import { crossEntropy } from '../../nn/index.ts';
import { adam } from '../../optim/index.ts';
import { Trainer, timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, claimsOf, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { network } from './setting.ts';

const ROWS = 256;

const searcher = (widths: readonly number[]): Searcher => ({
  net: { widths, activations: widths.slice(2).map(() => unitActivation('tanh')), masks: null },
  fitness: fitnessOf(crossEntropy(), {}),
  swarm: swarmConstants({}),
  search: searchOptions({}),
});

const batchOf = (widths: readonly number[], rows: number) => ({
  x: random.normal(random.key(1), [rows, widths[0]!]),
  y: random.randint(random.key(2), [rows], 0, widths.at(-1)!),
});

/** A judged candidate of a layer in the middle of a sweep. */
function judging(widths: readonly number[], layer: number, rows: number) {
  const own = searcher(widths);
  const sweep = new Sweep(own);
  const refreshed = sweep.refresh(sweep.begin(random.key(3)).weights, batchOf(widths, rows));
  const judged = jit((candidates: Tensor, unit: Tensor) => {
    const place: Place = { layer, unit };
    return judge(own, refreshed.context, refreshed.rows, place, candidates);
  });
  return { judged, candidates: (n: number) => random.normal(random.key(4), [n, widths[layer]! + 1]) };
}

/** Multiply-adds of matrix products that one candidate of a hidden or output neuron asks for, a row. */
function macsOf(widths: readonly number[], layer: number): number {
  const { judged, candidates } = judging(widths, layer, ROWS);
  return costOf(optimize(judged.graphOf(candidates(1), scalarOf(0)))).macs / ROWS;
}

/** FLOPs of the change in the next layer's pre-activations: products and sums that are no matrix product. */
const flopsPerRow = (widths: readonly number[], layer: number): number =>
  2 * macsOf(widths, layer) + (layer + 2 < widths.length ? 2 * widths[layer + 2]! : 0);

/** FLOPs of one sweep on Rice-like rows over those of one backprop step on them. */
function sweepRatio(): number {
  const widths = [7, 8, 2];
  const batch = batchOf(widths, ROWS);
  const sweep = new Sweep(searcher(widths));
  const state = sweep.begin(random.key(3));
  const { context, rows } = sweep.refresh(state.weights, batch);
  const of = (layer: number): number =>
    costOf(optimize(sweep.graphOf(layer, false, context, state.swarms[layer]![0]!, rows, random.key(5)))).flops;
  const model = network(widths);
  const trainer = new Trainer({ model, loss: crossEntropy(), rule: backprop(), optimizer: adam(), key: [1, 2] });
  return (8 * of(0) + 2 * of(1)) / trainer.costOf(batch).flops;
}

const timed = (lab: Lab) =>
  lab.once('timing', async () => {
    const widths = [7, 8, 2];
    const { judged, candidates } = judging(widths, 0, ROWS);
    const sweep = new Sweep(searcher(widths));
    const batch = batchOf(widths, ROWS);
    const state = sweep.begin(random.key(3));
    const { context, rows } = sweep.refresh(state.weights, batch);
    const [all, one, unit] = [candidates(21), candidates(1), scalarOf(3)];
    const model = network(widths);
    const trainer = new Trainer({ model, loss: crossEntropy(), rule: backprop(), optimizer: adam(), key: [1, 2] });
    let step = 0;
    const key = random.key(5);
    return timeInterleaved(
      {
        together: () => judged(all, unit),
        apart: () => {
          for (let i = 0; i < 21; i++) judged(one, unit);
        },
        sweep: () => {
          for (const neuron of sweep.neurons)
            sweep.visit(neuron, false, context, state.swarms[neuron.layer]![neuron.unit]!, rows, key, 1);
        },
        backprop: () => void trainer.step(batch, step++),
      },
      { rounds: lab.pick(3, 15), warmUpMs: lab.pick(20, 100), signal: lab.signal },
    );
  });

const cost = claimsOf('cost');

/** Why the times stay behind the FLOPs: found by timing the parts of a visit. */
const SLOW =
  'A compiled call costs microseconds, so one by one loses little; most of a visit are exponentials, logarithms and tanh, which count as few FLOPs: short rows of the loss are turned so that lanes run over samples, which made a visit 1.8 times faster.';

const timing = (id: string, sentence: string, threshold: Claim['threshold'], measure: Claim['measure']): Claim => ({
  ...cost(id, sentence, '× time', threshold, measure),
  kind: 'timing',
  expected: 'not reproduced',
  why: SLOW,
});

export const costClaims: readonly Claim[] = [
  cost(
    'candidates-later',
    'Candidates of a sweep of 7-8-2 with 10 particles: (2K + 1) times 10 neurons.',
    'candidates',
    exactly(210),
    () => candidatesInSweep(searcher([7, 8, 2]), false),
  ),
  cost('candidates-first', 'Candidates of its first sweep: (K + 1) times 10 neurons.', 'candidates', exactly(110), () =>
    candidatesInSweep(searcher([7, 8, 2]), true),
  ),
  cost(
    'hidden-candidate',
    'FLOPs a row of a hidden candidate of 13-48-11 up to the outputs; a full run has 2,422.',
    'FLOPs',
    exactly(50),
    () => flopsPerRow([13, 48, 11], 0),
  ),
  cost('output-candidate', 'FLOPs a row of an output candidate of 13-48-11.', 'FLOPs', exactly(98), () =>
    flopsPerRow([13, 48, 11], 1),
  ),
  cost(
    'sweep-flops',
    'FLOPs of one sweep of 7-8-2 over those of a backprop step on the same rows, all elementwise work and losses counted.',
    '× backprop',
    atMost(100),
    sweepRatio,
  ),
  timing(
    'together',
    'Judging 21 candidates together is faster than one by one: ratio in one run.',
    atLeast(5),
    async (lab) => (await timed(lab)).ratio('apart', 'together').estimate,
  ),
  timing(
    'sweep-time',
    'Time of one sweep of 7-8-2 over a backprop step, over the same ratio of FLOPs.',
    atMost(2),
    async (lab) => (await timed(lab)).ratio('sweep', 'backprop').estimate / sweepRatio(),
  ),
];

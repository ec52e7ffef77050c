/** What holds exactly, in f64: the oracle machine is gradient descent, units may be permuted, the meta-gradient is right, one algorithm fits all sizes; and the law of evolution strategies. */
import { sliceRows } from '../../data/index.ts';
import {
  abs,
  argsort,
  cast,
  grad,
  jit,
  max,
  mul,
  oneHot,
  random,
  reshape,
  sub,
  type Tensor,
  take,
  tensor,
  trees,
} from '../../engine/index.ts';
import { CLONE_MACHINE, oracleSynapse } from '../../methods/vsml/clone-synapse.ts';
import { type LstmState, type LstmTheta, lstmSynapse } from '../../methods/vsml/lstm-synapse.ts';
import { type MachineState, machine, metaLossOf, type Stream } from '../../methods/vsml/machine.ts';
import { evolve } from '../../methods/vsml/meta.ts';
import { onlineBackprop } from '../../methods/vsml/online.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { digits, RATE, rowsOf, startWeights } from './clone-runs.ts';

const gap = (a: Tensor, b: Tensor): number => max(abs(sub(a, b))).item();

/** Normal inputs (T, E, A) and random labels. */
export function randomStream(key: Tensor, [T, E, A, C]: readonly [number, number, number, number]): Stream {
  const [forX, forY] = random.split(key, 2) as [Tensor, Tensor];
  return { xs: random.normal(forX, [T, E, A]), ys: oneHot(random.randint(forY, [T, E], 0, C), C) };
}

/** Largest differences between the oracle machine and gradient descent by automatic differentiation. */
const oracleGaps = (lab: Lab) =>
  lab.once('oracle', () =>
    lab.f64(async () => {
      const count = lab.pick(50, 200);
      const widths = [65, 16, 10];
      const rows = rowsOf(sliceRows((await digits(lab)).train, 0, count));
      const [xs, ys] = [cast(rows.xs, 'f64'), cast(rows.ys, 'f64')];
      const weights = startWeights(lab.key('oracle'), widths);
      const net = machine(widths, oracleSynapse({ rate: RATE }), CLONE_MACHINE);
      const start = {
        ...net.start(lab.key('unused'), 1),
        layers: weights.map((w) => ({ w: reshape(w, [1, ...w.shape]) })),
      };
      const stream = { xs: reshape(xs, [count, 1, 65]), ys: reshape(ys, [count, 1, 10]) };
      const [after, logits] = net.run(null, start, stream);
      const real = onlineBackprop({ weights, xs, ys, rate: RATE });
      return {
        weights: Math.max(...after.layers.map(({ w }, k) => gap(reshape(w, w.shape.slice(1)), real.weights[k]!))),
        logits: gap(reshape(logits, [count, 10]), real.logits),
        errors: hiddenErrorGap(weights, stream, real.errors[1]!),
      };
    }),
  );

/** The error that the hidden layer hears from above at the first example, against the derivative. */
function hiddenErrorGap(weights: readonly Tensor[], { xs, ys }: Stream, errors: Tensor): number {
  const oracle = oracleSynapse({ rate: RATE });
  const net = machine([65, 16, 10], oracle, { ...CLONE_MACHINE, clearsHidden: false });
  const layers = weights.map((w) => ({ w: reshape(w, [1, ...w.shape]) }));
  const first = (t: Tensor) => take(t, 0);
  const state = { ...net.start(random.key(0), 1), layers };
  const [{ heard }] = net.learn(null, state, { x: first(xs), y: first(ys) });
  return gap(reshape(heard[0]!, [16]), first(errors));
}

const identity = (
  id: string,
  sentence: string,
  limit: number,
  measure: Claim['measure'],
  unit = 'largest difference',
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit,
  threshold: atMost(limit),
  expected: 'holds',
  measure,
});

const oracleClaims: Claim[] = [
  identity(
    'oracle-weights',
    'With the three formulas in its synapses a 65-16-10 machine has the weights of online gradient descent after a stream of digits.',
    1e-12,
    async (lab) => (await oracleGaps(lab)).weights,
  ),
  identity(
    'oracle-outputs',
    'All its outputs on the way are those of gradient descent.',
    1e-12,
    async (lab) => (await oracleGaps(lab)).logits,
  ),
  identity(
    'oracle-errors',
    'What its hidden layer hears from above is the derivative by its outputs.',
    1e-12,
    async (lab) => (await oracleGaps(lab)).errors,
  ),
];

const ORDERS = [
  [3, 0, 4, 1, 2],
  [2, 0, 3, 1],
  [2, 0, 1],
];

/** Largest difference of outputs when inputs, hidden units and outputs are permuted, over modes and depths. */
function equivarianceGap(lab: Lab): Promise<number> {
  return lab.f64(() => {
    const gaps: number[] = [];
    for (const backwardPass of [true, false])
      for (const reduce of ['mean', 'sum'] as const)
        for (const orders of [[ORDERS[0]!, ORDERS[2]!], ORDERS])
          gaps.push(permutedGap(lab, { backwardPass, reduce, orders }));
    return Math.max(...gaps);
  });
}

interface Permuted {
  readonly backwardPass: boolean;
  readonly reduce: 'mean' | 'sum';
  readonly orders: readonly number[][];
}

function permutedGap(lab: Lab, { backwardPass, reduce, orders }: Permuted): number {
  const synapse = lstmSynapse({ units: 4, messageSize: 3, reduce, gateOffset: 1 });
  const net = machine(
    orders.map((order) => order.length),
    synapse,
    { backwardPass },
  );
  const by = orders.map((order) => tensor(order, { dtype: 'i32' }));
  const start = net.start(lab.key('states'), 2);
  const moved: MachineState<LstmState> = {
    ...start,
    layers: start.layers.map((layer, k) => trees.mapTensors((s) => take(take(s, by[k]!, 1), by[k + 1]!, 2), layer)),
  };
  const { xs, ys } = randomStream(lab.key('permuted'), [6, 2, 5, 3]);
  const theta = synapse.init(lab.key('theta'));
  const plain = net.run(theta, start, { xs, ys })[1];
  const permuted = net.run(theta, moved, { xs: take(xs, by[0]!, 2), ys: take(ys, by.at(-1)!, 2) })[1];
  return gap(take(permuted, argsort(by.at(-1)!), 2), plain);
}

/** Largest error of the meta-gradient against central differences, over modes and depths, in units of |g_j| + 10⁻³‖g‖. */
function metaGradientError(lab: Lab): Promise<number> {
  return lab.f64(() => {
    const depths = lab.isQuick
      ? [
          [5, 3],
          [5, 4, 3],
        ]
      : [
          [5, 3],
          [5, 4, 3],
          [5, 4, 4, 3],
        ];
    const errors = depths.flatMap((widths) =>
      [true, false].map((backwardPass) => differenceError(lab, { widths, backwardPass })),
    );
    return Math.max(...errors);
  });
}

function differenceError(lab: Lab, { widths, backwardPass }: { widths: number[]; backwardPass: boolean }): number {
  const synapse = lstmSynapse({ units: 4, messageSize: 2, microTicks: 2, gateOffset: 1 });
  const net = machine(widths, synapse, { backwardPass, feedLabel: true });
  const start = net.start(lab.key('states'), 2);
  const stream = randomStream(lab.key('gradient'), [4, 2, 5, 3]);
  const [flat, unravel] = trees.ravel(synapse.init(lab.key('theta')));
  const loss = jit((p: Tensor) => metaLossOf(net.run(unravel(p), start, stream)[1], stream.ys));
  const g = Array.from(jit(grad(loss))(flat).readSync(), Number);
  const length = Math.hypot(...g);
  const values = Float64Array.from(flat.readSync());
  const step = 1e-5;
  const at = (j: number, move: number) => {
    const moved = values.slice();
    moved[j]! += move;
    return loss(tensor(moved)).item();
  };
  const stride = Math.ceil(values.length / lab.pick(24, 120));
  const probed = g.map((_, j) => j).filter((j) => j % stride === 0);
  const errorAt = (j: number) => Math.abs(g[j]! - (at(j, step) - at(j, -step)) / (2 * step));
  return Math.max(...probed.map((j) => errorAt(j) / (Math.abs(g[j]!) + 1e-3 * length)));
}

const structureClaims: Claim[] = [
  identity(
    'equivariance',
    'Permuting inputs, hidden units and outputs, with the initial states alike, permutes the predictions and nothing else (one and two layers, both modes, mean and sum).',
    1e-12,
    equivarianceGap,
  ),
  identity(
    'meta-gradient',
    'The gradient of the meta-loss through messages, states, softmax errors and bounds agrees with central differences (both modes, one layer and more).',
    1e-5,
    metaGradientError,
    'relative error',
  ),
  {
    ...identity(
      'any-size',
      'The same parameters run 16→5, 64→10, 196→10 and 64→12→10 networks without change: networks that fail.',
      0,
      failures,
      'networks',
    ),
  },
];

function failures(lab: Lab): number {
  const synapse = lstmSynapse({ units: 8, messageSize: 8, microTicks: 1 });
  const theta = synapse.init(lab.key('theta'));
  const shapes = [
    [16, 5],
    [64, 10],
    [196, 10],
    [64, 12, 10],
  ];
  const runs = (widths: number[]): boolean => {
    const net = machine(widths, synapse);
    const stream = randomStream(lab.key('sizes'), [2, 1, widths[0]!, widths.at(-1)!]);
    const logits = net.run(theta, net.start(lab.key('states'), 1), stream)[1];
    return logits.shape[2] === widths.at(-1) && Array.from(logits.readSync()).every(Number.isFinite);
  };
  return shapes.filter((widths) => !runs(widths)).length;
}

/** Cosine and ratio of lengths of an estimate to the gradient, with the parameters that matter. */
interface EsResult {
  readonly cosine: number;
  readonly ratio: number;
  readonly effective: number;
}

/** Evolution strategies on the same episodes for all pairs, with the output head ×20 so that the loss is not flat. */
const esAt = (lab: Lab, pairs: number): Promise<EsResult> =>
  lab.once(`es ${pairs}`, () => {
    const synapse = lstmSynapse({ units: 4, messageSize: 8, microTicks: 1 });
    const net = machine([8, 3], synapse);
    const drawn = synapse.init(lab.key('es theta'));
    const theta: LstmTheta = { ...drawn, forward: { ...drawn.forward, W: mul(drawn.forward.W, 20) } };
    const start = net.start(lab.key('es states'), 4);
    const stream = randomStream(lab.key('es stream'), [10, 4, 8, 3]);
    const loss = (p: LstmTheta) => metaLossOf(net.run(p, start, stream)[1], stream.ys);
    const exact = trees.ravel(jit(grad(loss))(theta))[0];
    const estimate = jit((p: LstmTheta, key: Tensor) => evolve(loss, p, key, { pairs, sigma: 0.05 })[1]);
    // Parameters with zero gradient are noise in the paper's estimator too, but their loss does not depend on them: they are left out of the law.
    const counted = Array.from(exact.readSync(), (g) => (g === 0 ? 0 : 1));
    const found = mul(trees.ravel(estimate(theta, lab.key('es noise', pairs)))[0], tensor(counted));
    const [uv, uu, vv] = [
      trees.dot(found, exact).item(),
      trees.dot(found, found).item(),
      trees.dot(exact, exact).item(),
    ];
    return {
      cosine: uv / Math.sqrt(uu * vv),
      ratio: Math.sqrt(uu / vv),
      effective: counted.reduce((a: number, b) => a + b, 0),
    };
  });

const esClaims: Claim[] = [64, 256, 1024].map((pairs) => ({
  id: `evolution-${pairs}`,
  kind: 'learning',
  sentence: `The antithetic estimate of the meta-gradient from ${pairs} pairs lies at the cosine √(P/(P + D)) to the gradient by backpropagation through time.`,
  published: null,
  unit: 'difference of cosines',
  threshold: atMost(0.1),
  expected: 'holds',
  ...(pairs === 64 ? {} : { scales: ['full'] as const }),
  measure: async (lab) => {
    const { cosine, ratio, effective } = await esAt(lab, pairs);
    const law = [Math.sqrt(pairs / (pairs + effective)), Math.sqrt((pairs + effective) / pairs)] as const;
    lab.table(
      `evolution-${pairs}`,
      `Evolution strategies with ${pairs} pairs against the gradient (${effective} parameters that matter).`,
      ['', 'measured', 'law'],
      [
        ['cosine', cosine, law[0]],
        ['length / gradient', ratio, law[1]],
      ],
    );
    return Math.abs(cosine - law[0]);
  },
}));

export const identityClaims: readonly Claim[] = [...oracleClaims, ...structureClaims, ...esClaims];

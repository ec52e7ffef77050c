/** What the generality costs: operations per example and synapse, state, and time, beside backprop. */
import { jit, reshape, type Tensor, trees } from '../../engine/index.ts';
import { type LstmTheta, lstmSynapse } from '../../methods/vsml/lstm-synapse.ts';
import { machine } from '../../methods/vsml/machine.ts';
import { onlineBackprop } from '../../methods/vsml/online.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { startWeights } from './clone-runs.ts';
import { randomStream } from './identity-claims.ts';

const WIDTHS = [64, 10] as const;
const SYNAPSES = WIDTHS[0] * WIDTHS[1];
const UNITS = 16;
const MICRO_TICKS = 2;
const SWEEPS = 2;
const EXAMPLES = 20;

/** The paper's synapse and online gradient descent on the same stream, compiled. */
const costs = (lab: Lab) =>
  lab.once('costs', async () => {
    const synapse = lstmSynapse({ units: UNITS, messageSize: 8, microTicks: MICRO_TICKS });
    const net = machine(WIDTHS, synapse);
    const theta = synapse.init(lab.key('cost theta'));
    const start = net.start(lab.key('cost states'), 1);
    const stream = randomStream(lab.key('cost stream'), [EXAMPLES, 1, ...WIDTHS]);
    const learn = jit((p: LstmTheta) => net.run(p, start, stream)[1]);
    const flat = (t: Tensor) => reshape(t, [EXAMPLES, t.shape[2]!]);
    const weights = startWeights(lab.key('cost weights'), WIDTHS);
    const rows = { xs: flat(stream.xs), ys: flat(stream.ys) };
    const descend = jit((w: Tensor[]) => onlineBackprop({ weights: w, ...rows, rate: 0.02 }).logits);
    return { learn, theta, descend, weights, vsml: learn.plan(theta).flops, backprop: descend.plan(weights).flops };
  });

/** FLOPs of an example and a synapse by hand: 8N² for h·W of four gates, about 40N for what is elementwise. */
const byHand = SWEEPS * MICRO_TICKS * (8 * UNITS ** 2 + 40 * UNITS);

const perSynapse = (flops: number): number => flops / (EXAMPLES * SYNAPSES);

export const costClaims: readonly Claim[] = [
  {
    id: 'flops-per-synapse',
    kind: 'cost',
    sentence:
      'An example costs about sweeps × micro ticks × (8N² + 40N) operations a synapse at N = 16: counted from the plan, over that formula.',
    published: null,
    unit: 'ratio',
    threshold: atMost(1.25),
    expected: 'holds',
    why: 'the plan counts an exponential as one operation or several, and the messages once per unit',
    measure: async (lab) => perSynapse((await costs(lab)).vsml) / byHand,
  },
  {
    id: 'flops-against-backprop',
    kind: 'cost',
    sentence:
      'An example costs more than a thousand times the operations of online gradient descent (6 a synapse), 64-10.',
    published: null,
    unit: 'ratio',
    threshold: atLeast(1000),
    expected: 'holds',
    measure: async (lab) => {
      const { vsml } = await costs(lab);
      lab.table(
        'cost',
        'FLOPs an example and synapse, 64-10, N = 16, two sweeps, two micro ticks.',
        ['', 'FLOPs'],
        [
          ['VSML, from the plan', perSynapse(vsml)],
          ['VSML, by hand', byHand],
          ['backprop, by hand', 6],
          ['backprop, from the plan', perSynapse((await costs(lab)).backprop)],
        ],
      );
      return perSynapse(vsml) / 6;
    },
  },
  {
    id: 'state-per-synapse',
    kind: 'cost',
    sentence: 'A synapse keeps 2N numbers where a weight is one.',
    published: null,
    unit: 'numbers',
    threshold: exactly(2 * UNITS),
    expected: 'holds',
    measure: (lab) => {
      const synapse = lstmSynapse({ units: UNITS });
      const [state] = machine(WIDTHS, synapse).start(lab.key('cost states'), 1).layers;
      return trees.countParams(state) / SYNAPSES;
    },
  },
  {
    id: 'time-against-backprop',
    kind: 'timing',
    sentence: 'Time of a stream of 20 examples over that of online gradient descent on it, both compiled, 64-10.',
    published: null,
    unit: 'ratio of times',
    threshold: atMost(3600),
    expected: 'holds',
    why: 'the ratio of operations is about 1,800; backprop at this size is bound by calls, so that the ratio of times is smaller',
    measure: async (lab) => {
      const { learn, theta, descend, weights } = await costs(lab);
      const report = await timeInterleaved(
        { vsml: () => learn(theta).readSync(), backprop: () => descend(weights).readSync() },
        { rounds: lab.pick(5, 15), minMs: 5, warmUpMs: 20, key: lab.words('timing'), signal: lab.signal },
      );
      return report.ratio('vsml', 'backprop').estimate;
    },
  },
];

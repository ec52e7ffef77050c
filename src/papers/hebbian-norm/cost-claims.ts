/** The work of a Hebbian update, counted and timed beside a backprop step of the same layers. */
import { costOf, fromArray, jit, optimize, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import type { HebbianNetwork } from '../../methods/hebbian/network.ts';
import { copies, type Hidden, learnOnce } from '../../methods/hebbian/online.ts';
import { crossEntropy, dense, model } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { Trainer, timeInterleaved } from '../../run/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { firstNetwork, WIDTH } from './setting.ts';

function programs(lab: Lab) {
  const net = firstNetwork(lab, 0);
  const step = jit(
    (own: HebbianNetwork, hidden: Hidden, x: Tensor, eta: Tensor) => learnOnce(own, 'relu', 'mean', hidden, x, eta),
    { donate: [1] },
  );
  const x = fromArray(new Float32Array(WIDTH).fill(1 / 28), [1, WIDTH], 'f32');
  const eta = fromArray(Float32Array.of(1e-5), [1], 'f32');
  const start = () => jit((own: HebbianNetwork) => copies(own, 1))(net);
  const layers = [0, 1, 2].map((l) => dense({ units: WIDTH, activation: l < 2 ? 'relu' : 'identity' }));
  const trainer = new Trainer({
    model: model([WIDTH], layers),
    loss: crossEntropy(),
    rule: backprop(),
    optimizer: sgd({ learningRate: 1e-5 }),
    key: [1, 2],
  });
  const batch = { x, y: fromArray(Int32Array.of(3), [1], 'i32') };
  return { net, step, x, eta, start, trainer, batch };
}

function flops(lab: Lab) {
  const { net, step, x, eta, start, trainer, batch } = programs(lab);
  return { hebbian: costOf(optimize(step.graphOf(net, start(), x, eta))).flops, backprop: trainer.costOf(batch).flops };
}

const UNIT = WIDTH * WIDTH;

export const costClaims: readonly Claim[] = [
  {
    id: 'update-flops',
    kind: 'cost',
    sentence: 'FLOPs of an update of two hidden layers over (4L − 2)·d²: two products and one outer product.',
    published: null,
    unit: '×',
    threshold: atMost(1.35),
    expected: 'holds',
    measure: (lab) => flops(lab).hebbian / (6 * UNIT),
  },
  {
    id: 'update-time',
    kind: 'timing',
    sentence: 'Time of an update over a backprop step of the same layers on one image, over their ratio of FLOPs.',
    published: null,
    unit: '×',
    threshold: atMost(2),
    expected: 'holds',
    measure: async (lab) => {
      const { net, step, x, eta, start, trainer, batch } = programs(lab);
      let hidden = start();
      let n = 0;
      const report = await timeInterleaved(
        {
          hebbian: () => {
            hidden = step(net, hidden, x, eta);
          },
          backprop: () => void trainer.step(batch, n++),
        },
        { rounds: lab.pick(3, 15), warmUpMs: lab.pick(20, 100), signal: lab.signal },
      );
      const counted = flops(lab);
      return report.ratio('hebbian', 'backprop').estimate / (counted.hebbian / counted.backprop);
    },
  },
];

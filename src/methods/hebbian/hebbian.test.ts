import { beforeAll, describe, expect, it } from 'vitest';
import { makePart } from '../../data/index.ts';
import { defaultDtype, fromArray, jvp, mean, random, setDefaultDtype, type Tensor } from '../../engine/index.ts';
import { HostRandom, keyFrom } from '../../engine/threefry.ts';
import { crossEntropy, dense, model } from '../../nn/index.ts';
import type { FitEvent, LearningTask } from '../learner.ts';
import { type HebbianOptions, type HebbianState, hebbianLearner } from './hebbian-norm.ts';
import {
  type Correction,
  drawHebbian,
  fire,
  type HebbianSpec,
  hebbianUpdate,
  logNorm,
  outputOf,
  unitLength,
} from './network.ts';
import { copies, folded, learnOnce, outputsOfAll } from './online.ts';
import { classDirection, response } from './response.ts';

const before = defaultDtype();
beforeAll(() => {
  setDefaultDtype('f64');
  return () => setDefaultDtype(before);
});

const spec: HebbianSpec = { width: 12, layers: 3, units: 'relu' };
const images = (key: number, n: number): Tensor => unitLength(random.uniform(random.key(key), [n, 12]));
const gap = (a: Tensor, b: Tensor): number => Math.max(...a.sub(b).abs().readSync());

describe('online learning', () => {
  it.each<Correction>(['mean', 'row', 'frobenius', 'none'])(
    'is the explicit form, one sample after another: %s',
    (correction) => {
      const net = drawHebbian(spec, random.key(1), 'f64');
      const x = images(2, 10);
      const eta = random.uniform(random.key(3), [2]).mul(0.05);
      let hidden = copies(net, 2);
      const explicit = [0, 1].map(() => net.weights.slice(1, -1));
      for (let t = 0; t < 5; t++) {
        const rows = [x.take(2 * t), x.take(2 * t + 1)];
        hidden = learnOnce(net, 'relu', correction, hidden, x.slice([2 * t, 0], [2 * t + 2, 12]), eta);
        rows.forEach((row, c) => {
          let pre = fire('relu', row.reshape([1, 12]).matmul(net.weights[0]!).add(net.biases[0]!));
          explicit[c] = explicit[c]!.map((w, l) => {
            const post = fire('relu', pre.matmul(w).add(net.biases[l + 1]!));
            const next = w.add(hebbianUpdate(pre.reshape([12]), post.reshape([12]), w, eta.take(c), correction));
            pre = post;
            return next;
          });
        });
      }
      const found = folded(hidden);
      explicit.forEach((weights, c) => {
        weights.forEach((w, l) => {
          expect(gap(found[l]!.take(c), w)).toBeLessThan(1e-12);
        });
      });
      const out = outputsOfAll(net, 'relu', found, x).take(1);
      const whole = { weights: [net.weights[0]!, ...explicit[1]!, net.weights.at(-1)!], biases: net.biases };
      expect(gap(out, outputOf(whole, 'relu', x))).toBeLessThan(1e-12);
    },
  );

  it('keeps the mean of the weights with the correction by the mean', () => {
    const net = drawHebbian({ ...spec, layers: 2 }, random.key(1), 'f64');
    let hidden = copies(net, 1);
    const rate = random.uniform(random.key(9), [1]);
    for (let t = 0; t < 6; t++) hidden = learnOnce(net, 'relu', 'mean', hidden, images(t, 1), rate);
    expect(gap(folded(hidden)[0]!, net.weights[1]!.reshape([1, 12, 12]))).toBeGreaterThan(1e-3);
    expect(gap(mean(folded(hidden)[0]!), mean(net.weights[1]!))).toBeLessThan(1e-15);
  });
});

describe('the response to first order', () => {
  it.each<Correction>(['mean', 'row', 'frobenius', 'none'])('is the derivative of ln of the norm: %s', (correction) => {
    const net = drawHebbian({ ...spec, layers: 2 }, random.key(4), 'f64');
    const direction = classDirection(net, images(5, 7), correction);
    const x = images(6, 9);
    const norm = (w: Tensor): Tensor =>
      logNorm(outputOf({ ...net, weights: [net.weights[0]!, w, net.weights[2]!] }, 'relu', x));
    const [, slope] = jvp(norm, net.weights[1]!, direction);
    expect(gap(slope, response(net, direction, x))).toBeLessThan(1e-10);
  });
});

/** Two classes whose images light different halves. */
function task(n: number): LearningTask {
  const draw = new HostRandom(keyFrom(3));
  const x = Float64Array.from({ length: n * 12 }, (_, i) => {
    const [row, column] = [Math.floor(i / 12), i % 12];
    return (column < 6 === (row % 2 === 0) ? 1 : 0.1) * draw.uniform();
  });
  const train = makePart({ x, featureShape: [12], y: Int32Array.from({ length: n }, (_, i) => i % 2) });
  const normaliser = { by: 'scalar', featureShape: [12], mean: [0.3], std: [0.2] } as const;
  return { train, normaliser, loss: crossEntropy(), featureShape: [12], outputs: 2 };
}

const learner = (options: HebbianOptions = {}, learningRate = 1e-3) =>
  hebbianLearner({
    task: task(40),
    model: model([12], [dense({ units: 2 })]),
    batch: 10,
    learningRate,
    options: options as Record<string, unknown>,
  });

async function last(options: HebbianOptions = {}, learningRate = 1e-3): Promise<FitEvent<HebbianState>> {
  let found: FitEvent<HebbianState> | null = null;
  const call = { task: task(40), key: keyFrom(1), budget: { kind: 'epochs', value: 1 } } as const;
  for await (const event of learner(options, learningRate).fit(call)) found = event;
  return found!;
}

describe('the learner', () => {
  it.each<HebbianOptions>([{}, { layers: 3 }, { correction: 'row' }, { calibrate: 'energy' }])(
    'tells the halves apart: %j',
    async (options) => {
      const { state } = await last(options);
      const own = task(40);
      const rows = Float64Array.from(own.train.x as Float64Array, (v) => (v - 0.3) / 0.2);
      const scores = learner(options).predict(state, fromArray(rows, [40, 12], 'f64'));
      // One class may answer louder to everything: the method is not calibrated, so the difference is compared with its median.
      const lead = (scores.toArray() as number[][]).map(([a, b]) => b! - a!);
      const middle = [...lead].sort((a, b) => a - b)[20]!;
      const right = lead.filter((value, i) => (value >= middle ? 1 : 0) === own.train.y[i]).length;
      expect(right).toBeGreaterThanOrEqual(36);
    },
  );

  it('reports that it diverged', async () => {
    await expect(last({ correction: 'none', layers: 4 }, 1e6)).rejects.toThrow(/no longer finite/);
  });

  it('refuses a single hidden layer and unknown corrections', () => {
    expect(() => learner({ layers: 1 })).toThrow(/nothing|no matrix/);
    expect(() => learner({ correction: 'median' as never })).toThrow(/median/);
  });
});

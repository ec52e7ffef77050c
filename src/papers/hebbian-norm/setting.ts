/** What the claims of Hebbian recognition share: MNIST by label in file order, unit-length images, shares of right answers. */
import { featureSize, loadDataset, type Part, takeRows } from '../../data/index.ts';
import { argmax, cast, type FloatDtype, fromArray, jit, stack, type Tensor, take } from '../../engine/index.ts';
import { HostRandom, type KeyWords, keyFrom } from '../../engine/threefry.ts';
import {
  type Correction,
  drawHebbian,
  type HebbianNetwork,
  type HebbianUnits,
  unitLength,
} from '../../methods/hebbian/network.ts';
import { copies, folded, type Hidden, learnOnce, outputsOfAll } from '../../methods/hebbian/online.ts';
import { alongDirection, amount, answerOf, classDirection } from '../../methods/hebbian/response.ts';
import type { Lab } from '../ledger/lab.ts';

export const LABELS = 10;
export const WIDTH = 784;

export interface Digits {
  readonly train: Part;
  readonly test: Part;
  /** Row numbers of the training part by label, in file order. */
  readonly byLabel: readonly (readonly number[])[];
}

export const digits = (lab: Lab): Promise<Digits> =>
  lab.once('digits', async () => {
    const { train, test } = await loadDataset('mnist', { train: lab.pick(2000, 60000), test: 10000 });
    const byLabel = Array.from({ length: LABELS }, (): number[] => []);
    train.y.forEach((label, row) => {
      byLabel[label]!.push(row);
    });
    return { train, test, byLabel };
  });

/** Pixels in [0, 1], (n, 784); of unit length unless said. */
export function images(part: Part, dtype: FloatDtype = 'f32', normalise: 'l2' | 'none' = 'l2'): Tensor {
  const values = dtype === 'f32' ? new Float32Array(part.x.length) : new Float64Array(part.x.length);
  for (let i = 0; i < values.length; i++) values[i] = part.x[i]! / 255;
  const x = fromArray(values, [part.n, featureSize(part)], dtype);
  return normalise === 'l2' ? unitLength(x) : x;
}

/** The first images of a label. */
export const ofLabel = ({ train, byLabel }: Digits, label: number, n: number): Part =>
  takeRows(train, byLabel[label]!.slice(0, n));

/** Test images under one fixed permutation, the first n. */
export function testRows({ test }: Digits, n: number): Part {
  return takeRows(test, new HostRandom(keyFrom(7)).permutation(test.n).slice(0, n));
}

/** The first network of a seed. */
export const firstNetwork = (lab: Lab, seed: number, layers = 2, dtype: FloatDtype = 'f32'): HebbianNetwork =>
  drawHebbian({ width: WIDTH, layers, units: 'relu' }, lab.key('network', seed), dtype);

/** For each row the largest of scores (C, B), as labels. */
export const answers = (scores: Tensor): number[] => Array.from(argmax(scores, 0).readSync());

export const accuracy = (found: readonly number[], { y }: Part): number =>
  found.filter((label, i) => label === y[i]).length / found.length;

/** The first n images of each label. */
export const imagesByLabel = (all: Digits, n: number, normalise: 'l2' | 'none' = 'l2'): Tensor[] =>
  Array.from({ length: LABELS }, (_, label) => images(ofLabel(all, label, n), 'f32', normalise));

/** Responses to first order, (labels, images), and the amount of change of each label; `byLabel` is what each label is learned from. */
export function responses(net: HebbianNetwork, x: Tensor, byLabel: readonly Tensor[], correction: Correction) {
  const directions = compiledDirection(correction);
  const answer = compiledAnswer(net, x);
  const each = byLabel.map((own) => directions(net, own));
  return {
    scores: stack(each.map((g) => compiledAlong(answer, g))),
    amounts: stack(each.map((g) => amount(g))),
  };
}

const compiledAnswer = jit(answerOf, { name: 'answer' });
const compiledAlong = jit(alongDirection, { name: 'response' });
const byCorrection = new Map<Correction, (net: HebbianNetwork, x: Tensor) => Tensor>();

function compiledDirection(correction: Correction): (net: HebbianNetwork, x: Tensor) => Tensor {
  const known =
    byCorrection.get(correction) ??
    jit((net: HebbianNetwork, x: Tensor) => classDirection(net, x, correction), { name: 'direction' });
  byCorrection.set(correction, known);
  return known;
}

/** Scores with the mean and deviation of each label's row taken out: an unlabelled batch makes classes comparable. */
export function standardised(scores: Tensor): Tensor {
  const mean = scores.mean(1, { keepDims: true });
  const centred = scores.sub(mean);
  return centred.div(centred.square().mean(1, { keepDims: true }).sqrt());
}

export interface Online {
  readonly net: HebbianNetwork;
  readonly eta: number;
  readonly correction?: Correction;
  readonly units?: HebbianUnits;
}

/** One pass over samples (n, C, d), a network each in C; the hidden matrices at the end, corrections folded in. */
export function learnOnline(
  lab: Lab,
  { net, eta, correction = 'mean', units = 'relu' }: Online,
  samples: Tensor,
): Tensor[] {
  const [n, count] = samples.shape as [number, number];
  const step = jit(
    (own: HebbianNetwork, hidden: Hidden, all: Tensor, t: Tensor, rate: Tensor) =>
      learnOnce(own, units, correction, hidden, take(all, t, 0), rate),
    { name: 'hebbian update', donate: [1] },
  );
  const rate = cast(fromArray(new Float64Array(count).fill(eta), [count], 'f64'), samples.dtype);
  let hidden = jit((own: HebbianNetwork) => copies(own, count))(net);
  for (let t = 0; t < n; t++) {
    if (t % 20 === 0) lab.step('Hebbian learning', t / n);
    hidden = step(net, hidden, samples, fromArray(Int32Array.of(t), [], 'i32'), rate);
  }
  return folded(hidden);
}

/** The first n images of every label, (n, labels, 784). */
export const sampleOfEach = (all: Digits, n: number, dtype: FloatDtype = 'f32'): Tensor =>
  stack(
    Array.from({ length: LABELS }, (_, label) => images(ofLabel(all, label, n), dtype)),
    1,
  );

/** ‖o_c‖² less ‖o‖² of the first network, in f64, (labels, images). */
export function normGains(net: HebbianNetwork, inner: readonly Tensor[], x: Tensor): Tensor {
  const size = (o: Tensor): Tensor => cast(o, 'f64').square().sum(-1);
  const own = size(outputsOfAll(net, 'relu', inner, x));
  const before = size(outputsOfAll(net, 'relu', copies(net, 1).weights, x)); // (1, B)
  return own.div(before).sub(1);
}

/** The key of a shuffle, for stage 1. */
export const shuffled = (n: number, key: KeyWords): number[] => Array.from(new HostRandom(key).permutation(n));

export const seedsOf = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Stages 2 and 3 measured: ten networks from one start, or their responses to first order. */
import { argmax, DivergedError, type Tensor } from '../../engine/index.ts';
import type { Correction } from '../../methods/hebbian/network.ts';
import { outputsOfAll } from '../../methods/hebbian/online.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  accuracy,
  answers,
  digits,
  firstNetwork,
  images,
  imagesByLabel,
  LABELS,
  learnOnline,
  normGains,
  ofLabel,
  responses,
  sampleOfEach,
  seedsOf,
  standardised,
  testRows,
} from './setting.ts';

export interface Shares {
  /** The paper's rule, argmax of R. */
  readonly plain: number;
  /** Ours: every label with the same amount of change. */
  readonly energy: number;
  /** Ours: standardised over the unlabelled test images. */
  readonly zscore: number;
}

export interface ClosedPlan {
  readonly n: number;
  readonly seeds: number;
  readonly tests: number;
  readonly correction?: Correction;
  readonly normalise?: 'l2' | 'none';
}

/** Accuracies by responses to first order, one entry a seed. */
export function closed(lab: Lab, plan: ClosedPlan): Promise<readonly Shares[]> {
  const { n, seeds, tests, correction = 'mean', normalise = 'l2' } = plan;
  return lab.once(`closed ${JSON.stringify(plan)}`, async () => {
    const all = await digits(lab);
    const test = testRows(all, tests);
    const x = images(test, 'f32', normalise);
    const byLabel = imagesByLabel(all, n, normalise);
    return seedsOf(seeds).map((seed): Shares => {
      lab.step(`closed form, ${n} images a label`, seed / seeds);
      const { scores, amounts } = responses(firstNetwork(lab, seed), x, byLabel, correction);
      const of = (s: Tensor): number => accuracy(answers(s), test);
      return {
        plain: of(scores),
        energy: of(scores.div(amounts.reshape([LABELS, 1]))),
        zscore: of(standardised(scores)),
      };
    });
  });
}

export interface OnlinePlan {
  readonly n: number;
  readonly seed: number;
  readonly tests: number;
  readonly layers?: number;
  readonly eta?: number;
  readonly correction?: Correction;
}

export interface Recognised {
  readonly accuracy: number;
  readonly labels: readonly number[];
  /** Relative growth of ‖o‖², label by image. */
  readonly gains: readonly (readonly number[])[];
  readonly truth: ArrayLike<number>;
}

/** Ten networks trained online from one start; a norm that is no number is a DivergedError. */
export function online(lab: Lab, plan: OnlinePlan): Promise<Recognised> {
  const { n, seed, tests, layers = 2, eta = 1e-5, correction = 'mean' } = plan;
  return lab.once(`online ${JSON.stringify(plan)}`, async () => {
    const all = await digits(lab);
    const test = testRows(all, tests);
    const net = firstNetwork(lab, seed, layers);
    const inner = learnOnline(lab, { net, eta, correction }, sampleOfEach(all, n));
    const gains = normGains(net, inner, images(test));
    const rows = gains.toArray() as number[][];
    if (rows.flat().some((value) => !Number.isFinite(value)))
      throw new DivergedError('the networks answer with norms that are no numbers', {
        layers,
        eta,
        help: 'use a smaller η',
      });
    const labels = answers(gains);
    return { accuracy: accuracy(labels, test), labels, gains: rows, truth: test.y };
  });
}

/** Share of test images for which two ways of answering agree. */
export async function agreement(lab: Lab): Promise<number> {
  const all = await digits(lab);
  const test = testRows(all, 200);
  const { labels } = await online(lab, { n: 20, seed: 0, tests: 200 });
  const { scores } = responses(firstNetwork(lab, 0), images(test), imagesByLabel(all, 20), 'mean');
  const first = Array.from(argmax(scores, 0).readSync());
  return first.filter((label, i) => label === labels[i]).length / first.length;
}

/** Stage 2 of ten networks: shares and medians of relative norms. */
export function selectivity({ gains, truth }: Recognised) {
  const images = Array.from(truth);
  const norm = (label: number, i: number): number => Math.sqrt(1 + gains[label]![i]!);
  const own = images.map((label, i) => norm(label, i));
  const others = images.map((label, i) =>
    seedsOf(LABELS)
      .filter((l) => l !== label)
      .map((l) => norm(l, i)),
  );
  const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
  const middle = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const share = (is: (i: number) => boolean): number => images.filter((_, i) => is(i)).length / images.length;
  return {
    aboveUntrained: share((i) => own[i]! > 1),
    aboveOthers: share((i) => own[i]! > meanOf(others[i]!)),
    medianOwn: middle(own),
    medianOther: middle(others.flat()),
  };
}

/** Share of right answers for each digit. */
export const recalls = ({ labels, truth }: Recognised): number[] =>
  seedsOf(LABELS).map((digit) => {
    const rows = Array.from(truth).flatMap((label, i) => (label === digit ? [i] : []));
    return rows.filter((i) => labels[i] === digit).length / rows.length;
  });

/** Ten networks with first weights of their own: their norms differ more by these than by learning. */
export async function withOwnStarts(lab: Lab): Promise<number> {
  const all = await digits(lab);
  const test = testRows(all, 1000);
  const x = images(test);
  const norms = seedsOf(LABELS).map((label) => {
    const net = firstNetwork(lab, 100 + label);
    const own = images(ofLabel(all, label, 50)).reshape([50, 1, 784]);
    const inner = learnOnline(lab, { net, eta: 1e-5 }, own);
    return lengths(net, inner, x);
  });
  const found = Array.from(test.y.keys(), (i) =>
    seedsOf(LABELS).reduce((best, l) => (norms[l]![i]! > norms[best]![i]! ? l : best), 0),
  );
  return accuracy(found, test);
}

function lengths(net: Parameters<typeof normGains>[0], inner: readonly Tensor[], x: Tensor): ArrayLike<number> {
  return outputsOfAll(net, 'relu', inner, x).square().sum(-1).readSync();
}

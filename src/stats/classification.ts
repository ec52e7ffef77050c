/** Measures of classifiers: confusion matrix, balanced accuracy, area under the ROC curve. */
import { ConfigError } from '../engine/errors.ts';
import { ranks, requirePairs } from './sample.ts';

/** Counts of (true class, predicted class): rows are the truth, columns the prediction. */
export function confusionMatrix(truth: readonly number[], predicted: readonly number[], classes: number): number[][] {
  requirePairs('confusionMatrix', truth, predicted, 0);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  truth.forEach((label, i) => {
    const row = counts[label];
    const guess = predicted[i]!;
    if (row?.[guess] === undefined) {
      throw new ConfigError(`sample ${i}: class ${label} predicted as ${guess} does not fit into ${classes} classes`, {
        index: i,
        classes,
        help: 'labels are integers from 0 to classes − 1',
      });
    }
    row[guess]! += 1;
  });
  return counts;
}

/** The mean over the classes that occur of the share of each that was found. */
export function balancedAccuracy(truth: readonly number[], predicted: readonly number[]): number {
  requirePairs('balancedAccuracy', truth, predicted, 1);
  const found = new Map<number, [hits: number, all: number]>();
  truth.forEach((label, i) => {
    const [hits, all] = found.get(label) ?? [0, 0];
    found.set(label, [hits + (predicted[i] === label ? 1 : 0), all + 1]);
  });
  return [...found.values()].reduce((total, [hits, all]) => total + hits / all, 0) / found.size;
}

/** The area under the ROC curve: the chance that a positive (label 1) scores above a negative (label 0), ties half. */
export function rocAuc(labels: readonly number[], scores: readonly number[]): number {
  requirePairs('rocAuc', labels, scores, 2);
  const wrong = labels.findIndex((v) => v !== 0 && v !== 1);
  const positive = labels.reduce((n, v) => n + v, 0);
  const negative = labels.length - positive;
  if (wrong >= 0 || positive === 0 || negative === 0) {
    const reason =
      wrong >= 0 ? `label ${wrong} is ${labels[wrong]}` : `there are ${positive} ones and ${negative} zeros`;
    throw new ConfigError(`rocAuc needs labels 0 and 1, both present: ${reason}`, {
      help: 'score one class against the rest',
    });
  }
  const rankSum = ranks(scores).reduce((total, r, i) => total + r * labels[i]!, 0);
  return (rankSum - (positive * (positive + 1)) / 2) / (positive * negative);
}

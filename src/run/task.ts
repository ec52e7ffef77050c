/** A task: a data set with normalisation from its training part, a loss, and the settings that suit it. */

import type { Dataset, LoadOptions, Normaliser } from '../data/index.ts';
import { fitNormaliser, loadDataset } from '../data/index.ts';
import type { Loss } from '../nn/index.ts';
import { crossEntropy, mse } from '../nn/index.ts';

export interface Task {
  readonly name: string;
  readonly set: Dataset;
  readonly normaliser: Normaliser;
  readonly loss: Loss;
  /** Outputs of a model: classes, or values to predict. */
  readonly outputs: number;
  readonly isClassification: boolean;
}

/** Loads a data set and makes a task of it; images are normalised by one mean and deviation a channel, tables feature by feature. */
export async function loadTask(name: string, options: LoadOptions = {}): Promise<Task> {
  const set = await loadDataset(name, options);
  const isClassification = set.task === 'classification';
  const normaliser = fitNormaliser(set.train, set.featureShape.length === 3 ? 'channel' : 'feature');
  return {
    name,
    set,
    normaliser,
    loss: isClassification ? crossEntropy() : mse(),
    outputs: isClassification ? set.classes.length : set.train.yShape.slice(1).reduce((a, b) => a * b, 1),
    isClassification,
  };
}

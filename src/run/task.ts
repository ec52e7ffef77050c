/** A task: a data set with normalisation from its training part, a loss, and the settings that suit it. */

import type { Dataset, LoadOptions, Part } from '../data/index.ts';
import { fitNormaliser, loadDataset, sliceRows, splitPart } from '../data/index.ts';
import { ConfigError } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { LearningTask } from '../methods/learner.ts';
import { crossEntropy, mse } from '../nn/index.ts';

/** What to learn, and the rows it is measured on. */
export interface Task extends LearningTask {
  readonly name: string;
  readonly test: Part;
  readonly isClassification: boolean;
}

/** Loads a data set and makes a task of it. */
export async function loadTask(name: string, options: LoadOptions = {}): Promise<Task> {
  return taskOf(await loadDataset(name, options));
}

/** Makes a task of a data set; images are normalised by one mean and deviation a channel, tables feature by feature. */
export function taskOf(set: Dataset): Task {
  const isClassification = set.task === 'classification';
  return {
    name: set.name,
    train: set.train,
    test: set.test,
    featureShape: set.featureShape,
    normaliser: fitNormaliser(set.train, set.featureShape.length === 3 ? 'channel' : 'feature'),
    loss: isClassification ? crossEntropy() : mse(),
    outputs: isClassification ? set.classes.length : set.train.yShape.slice(1).reduce((a, b) => a * b, 1),
    isClassification,
  };
}

/** The same task with a share of the training rows in the place of the test part, for tuning and early stops: the last rows, or by key rows drawn evenly over the classes. */
export function withHoldout(task: Task, share: number, key?: KeyWords): Task {
  const held = Math.round(task.train.n * share);
  if (!(held >= 1 && held < task.train.n))
    throw new ConfigError(
      `a share of ${share} of ${task.train.n} training rows leaves nothing to train or to measure on`,
      {
        share,
        rows: task.train.n,
        help: 'use more training rows',
      },
    );
  if (key !== undefined) return { ...task, ...splitPart(task.train, { key, share: 1 - share }) };
  const kept = task.train.n - held;
  return { ...task, train: sliceRows(task.train, 0, kept), test: sliceRows(task.train, kept, task.train.n) };
}

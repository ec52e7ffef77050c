/** MNIST as the papers of perturbation use it: the first rows, standardised, and ReLU networks on them. */
import { loadDataset } from '../../data/index.ts';
import { dense, flatten, type Model, model } from '../../nn/index.ts';
import { type Task, taskOf } from '../../run/index.ts';

/** Mean and deviation of the pixels of MNIST by which everybody standardises it. */
const PIXELS = { mean: [0.1307], std: [0.3081] };

/** The first rows of MNIST, standardised. */
export async function mnistTask(train: number, test: number): Promise<Task> {
  const task = taskOf(await loadDataset('mnist', { train, test }));
  return { ...task, normaliser: { by: 'scalar', featureShape: task.featureShape, ...PIXELS } };
}

/** A ReLU network on images with weights and biases from U(±1/√in). */
export const reluNetwork = (widths: readonly number[]): Model =>
  model(
    [1, 28, 28],
    [
      flatten(),
      ...widths.map((units) => dense({ units, activation: 'relu', init: 'pytorchDefault' })),
      dense({ units: 10, init: 'pytorchDefault' }),
    ],
  );

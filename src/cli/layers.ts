/** One sentence for every kind of layer, for lists. */

export const layerSummaries: Readonly<Record<string, string>> = {
  activation: 'An activation on its own: relu, tanh, gelu, …',
  avgPool: 'The mean of each window.',
  batchNorm: 'Normalises each channel over the batch; keeps running statistics for evaluation.',
  conv2d: 'Convolution over height and width, with an activation.',
  dense: 'y = x·W + b, with an activation.',
  dropout: 'Zeroes elements at random in training.',
  embedding: 'A row of a table for each index.',
  flatten: "Makes one axis of a sample's axes.",
  globalAvgPool: 'The mean over height and width.',
  layerNorm: 'Normalises the last axis of each sample.',
  maxPool: 'The largest value of each window.',
  model: 'A chain of layers, itself a layer.',
  recurrent: 'A recurrent cell over a sequence.',
  residual: 'A body of layers with its input added behind it.',
};

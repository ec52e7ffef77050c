/** Sampled features: hidden layers that are drawn, at random or from pairs of data points. */
export * from './layer.ts';
export { drawPairs, type Pair, type Rows } from './pairs.ts';

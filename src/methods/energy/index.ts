/** Energy-based models: relaxation, phases, estimators, and a model as a network of value nodes. */
export * from './build.ts';
export * from './energy.ts';
export * from './network.ts';
export * from './prediction.ts';
export * from './relax.ts';

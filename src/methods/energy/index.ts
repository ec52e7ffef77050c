/** Energy-based models: relaxation, phases, estimators, and a model as a network of value nodes. */
export * from './build.ts';
export { type Coupling, couplingsOf } from './couplings.ts';
export * from './energy.ts';
export { type HopfieldOptions, hopfieldEnergy, type Rho } from './hopfield.ts';
export * from './network.ts';
export * from './prediction.ts';
export * from './relax.ts';

/** Energies learned from motion: sampled networks solved in closed form, the gradient-trained network beside them, and a fit of recorded trajectories. */
export * from './energy.ts';
export {
  type FitHamiltonianOptions,
  fitHamiltonian,
  type HamiltonianFit,
  type Table,
  type Trajectory,
} from './fit.ts';
export {
  rahma2024,
  type SampledHamiltonian,
  type SampledHamiltonianOptions,
  type Sampling,
  sampledHamiltonian,
  samplings,
} from './sampled.ts';
export { correctedEnergyAt, type PairMotion, type PairRule, pairMotion } from './series.ts';
export { type FittedEnergy, fitEnergy, fitVelocity, type MotionData } from './system.ts';
export {
  type NetworkParams,
  type TrainedHamiltonian,
  type TrainedHamiltonianOptions,
  trainedHamiltonian,
} from './trained.ts';

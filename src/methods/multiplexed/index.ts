/** Multiplexed gradient descent as an online hardware simulator: codes, time constants, faults, chips in the loop, seconds on hardware. */
export { type Chip, type ChipEvent, type ChipRun, trainChip } from './chip.ts';
export { type Code, type CodeName, type CodeOptions, codeNames, codeOf, hadamardSize } from './codes.ts';
export { type VariedOptions, variedLogistic } from './device.ts';
export { type MultiplexedOptions, type MultiplexedState, multiplexedGradientDescent } from './gradient-descent.ts';
export { type Loop, loopOf, type Measure, type MgdState } from './loop.ts';
export { batchesOf, type ScheduleOptions, shown } from './schedule.ts';
export {
  blockSteps,
  type Faults,
  fullSettings,
  type MgdSettings,
  measurementsPerStep,
  type TimeConstants,
} from './settings.ts';
export { type Cost, Simulation, type SimulationOptions, type Simulator, simulator } from './simulate.ts';
export { freshCodeGain, highPassGain, largestStableRate, meanSquares, randomCodeCosine } from './theory.ts';
export { breakEven, type Hardware, type HardwareRun, platforms, type WallClock, wallClock } from './wall-clock.ts';

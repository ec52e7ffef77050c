/** Statistics of runs: distributions, intervals, tests, corrections, fits and measures, all on plain numbers. */
export * from './classification.ts';
export * from './correction.ts';
export * from './correlation.ts';
export * from './curve.ts';
export * from './distribution.ts';
export * from './friedman.ts';
export * from './interval.ts';
export * from './kolmogorov-smirnov.ts';
export * from './line.ts';
export * from './power-law.ts';
export * from './rank-test.ts';
export { differences, mean, median, quantile, ranks, variance } from './sample.ts';
export { incompleteBeta, logGamma, lowerGamma, upperGamma } from './special.ts';
export * from './student.ts';
export * from './studentized-range.ts';
export {
  type Alternative,
  oneSampleT,
  pairedT,
  type TestOptions,
  type TestResult,
  type TTestOptions,
  type TTestResult,
  welchT,
} from './t-test.ts';

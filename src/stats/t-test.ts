/** Student's and Welch's t tests, with the interval of the difference of means. */
import { differences, mean, requireSample, requireShare, variance } from './sample.ts';
import { studentQuantile, studentTail } from './student.ts';

/** Which departure from "no difference" a test looks for; `greater` means the first sample is the larger one. */
export type Alternative = 'two-sided' | 'greater' | 'less';

export interface TestOptions {
  readonly alternative?: Alternative;
}

export interface TestResult {
  readonly statistic: number;
  readonly p: number;
}

export interface TTestOptions extends TestOptions {
  /** Of the two-sided interval of the difference; default 0.95. */
  readonly level?: number;
}

export interface TTestResult extends TestResult {
  readonly df: number;
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** Tests whether paired samples differ in mean: the t test of their differences. */
export function pairedT(x: readonly number[], y: readonly number[], options: TTestOptions = {}): TTestResult {
  return oneSampleT(differences('pairedT', x, y), 0, options);
}

/** Tests whether a sample has a given mean. */
export function oneSampleT(values: readonly number[], centre = 0, options: TTestOptions = {}): TTestResult {
  requireSample('oneSampleT', values, 2);
  const error = Math.sqrt(variance(values) / values.length);
  return tResult(mean(values) - centre, error, values.length - 1, options);
}

/**
 * Tests whether two independent samples differ in mean, without assuming equal variances.
 * Source: Welch, The Generalization of 'Student's' Problem, Biometrika 1947.
 */
export function welchT(x: readonly number[], y: readonly number[], options: TTestOptions = {}): TTestResult {
  requireSample('welchT', x, 2);
  requireSample('welchT', y, 2);
  const a = variance(x) / x.length;
  const b = variance(y) / y.length;
  const freedom = (a + b) ** 2 / (a ** 2 / (x.length - 1) + b ** 2 / (y.length - 1));
  const df = Number.isNaN(freedom) ? x.length + y.length - 2 : freedom;
  return tResult(mean(x) - mean(y), Math.sqrt(a + b), df, options);
}

function tResult(
  difference: number,
  error: number,
  df: number,
  { alternative = 'two-sided', level = 0.95 }: TTestOptions,
): TTestResult {
  requireShare('level', level);
  const statistic = difference === 0 ? 0 : difference / error;
  const half = studentQuantile(0.5 + level / 2, df) * error;
  const p = pValue(alternative, (t) => studentTail(t, df), statistic);
  return { statistic, p, df, difference, low: difference - half, high: difference + half };
}

/** The p-value of a statistic that is symmetric around 0 under the hypothesis, given its upper tail. */
export function pValue(alternative: Alternative, tail: (t: number) => number, statistic: number): number {
  if (alternative === 'greater') return tail(statistic);
  if (alternative === 'less') return tail(-statistic);
  return Math.min(1, 2 * tail(Math.abs(statistic)));
}

/** The two feedback pathways of a burst network: Y, which sends burst rates, and Q, which cancels what Y sends at baseline. */
import type { FloatDtype, Tensor } from '../../engine/index.ts';
import { ConfigError, cast, mean, mul, random, sqrt, square } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';

/** Weights drawn once; a copy at the start, then free; or a copy at every step. */
export type Pathway = 'random' | 'symmetric' | 'tied';

export const PATHWAYS: readonly Pathway[] = ['random', 'symmetric', 'tied'];

/** Y and Q as a rule keeps them; an empty list stands for weights that are copied at every step. */
export type FeedbackWeights = {
  readonly y: readonly Tensor[];
  readonly q: readonly Tensor[];
};

export interface PathwayOptions {
  readonly feedback: Pathway;
  /** Null draws Y as widely spread as W. */
  readonly feedbackScale: number | null;
  readonly cancellation: Pathway;
  readonly cancellationScale: number;
  readonly baseline: number;
}

/** Draws or copies the feedback weights; `weights` are W of all layers but the first. */
export function drawFeedback(weights: readonly Tensor[], key: Key, options: PathwayOptions): FeedbackWeights {
  const { feedback, feedbackScale, cancellation, cancellationScale } = options;
  const [forY, forQ] = random.split(key, 2) as [Key, Key];
  const y = feedback === 'random' ? drawLike(weights, forY, feedbackScale) : scaled(weights, feedbackScale ?? 1);
  const drawn = cancellation === 'random' ? drawLike(weights, forQ, cancellationScale) : scaled(y, options.baseline);
  return { y: feedback === 'tied' ? [] : y, q: cancellation === 'tied' ? [] : drawn };
}

/** Y of this step. */
export const feedbackNow = ({ y }: FeedbackWeights, weights: readonly Tensor[], scale: number): readonly Tensor[] =>
  y.length > 0 ? y : scaled(weights, scale);

export const scaled = (xs: readonly Tensor[], by: number): Tensor[] => xs.map((x) => (by === 1 ? x : mul(x, by)));

/** Normal numbers of a standard deviation, or of that of each weight; in f32 first, so that f32 and f64 runs start equal. */
export const drawLike = (weights: readonly Tensor[], key: Key, deviation: number | null): Tensor[] =>
  weights.map((w, i) => {
    const drawn = cast(random.normal(random.foldIn(key, i), w.shape, { dtype: 'f32' }), w.dtype as FloatDtype);
    return mul(drawn, deviation ?? sqrt(mean(square(w))));
  });

/** Refuses a word that is not among the choices. */
export function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new ConfigError(`${option} is "${value}"`, { [option]: value, help: `choose ${choices.join(', ')}` });
}

/** Refuses a number outside of [low, high], or below `low` itself where it is excluded. */
export function checkWithin(
  option: string,
  value: number,
  [low, high]: readonly [number, number],
  help: string,
  excludesLow = false,
): void {
  if (Number.isFinite(value) && value >= low && value <= high && !(excludesLow && value === low)) return;
  throw new ConfigError(`${option} is ${value}`, { [option]: value, help });
}

/** How long a free run stays near the truth. */
import { ShapeError } from '../engine/errors.ts';
import { requirePositive } from './refuse.ts';

export interface PredictionTimeOptions {
  /** Time between two states. */
  readonly h: number;
  /** Error that ends the validity; 0.5 unless said. */
  readonly threshold?: number;
  /** Divides the error of each component, `std` of the truth over the run unless said: 1 for states that are normalised already. */
  readonly scale?: 'std' | number | readonly number[];
}

export interface PredictionTime {
  /** The first time at which the error is above the threshold; the length of the run where it never is. */
  readonly time: number;
  /** Whether the threshold was passed within the run. */
  readonly isPassed: boolean;
  /** Normalised root mean square error over components, state by state. */
  readonly errors: readonly number[];
}

type States = readonly (readonly number[])[];

/** The valid prediction time of a roll-out: states at 0, h, 2h, … beside the true ones. A state that is not finite counts as an infinite error. */
export function validPredictionTime(
  predicted: States,
  truth: States,
  { h, threshold = 0.5, scale = 'std' }: PredictionTimeOptions,
): PredictionTime {
  requirePositive('h', h);
  requirePositive('threshold', threshold);
  checkStates(predicted, truth);
  const size = truth[0]!.length;
  const scales = scalesOf(truth, scale, size);
  const errors = predicted.map((state, t) => {
    const squares = state.map((v, i) => ((v - truth[t]![i]!) / scales[i]!) ** 2);
    const error = Math.sqrt(squares.reduce((a, b) => a + b, 0) / size);
    return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
  });
  const first = errors.findIndex((error) => error > threshold);
  return { time: h * (first < 0 ? errors.length - 1 : first), isPassed: first >= 0, errors };
}

function checkStates(predicted: States, truth: States): void {
  const size = truth[0]?.length ?? 0;
  const isAligned =
    predicted.length === truth.length && [...predicted, ...truth].every((state) => state.length === size);
  if (size > 0 && isAligned) return;
  throw new ShapeError(
    `validPredictionTime: ${predicted.length} predicted states do not belong to ${truth.length} true ones of ${size} components`,
    { predicted: predicted.length, truth: truth.length, help: 'pass equally many states of equally many components' },
  );
}

function scalesOf(truth: States, scale: 'std' | number | readonly number[], size: number): readonly number[] {
  const scales =
    typeof scale === 'number' ? new Array<number>(size).fill(scale) : scale === 'std' ? deviations(truth) : scale;
  scales.forEach((s) => {
    requirePositive('scale', s);
  });
  return scales;
}

/** Population standard deviations of the components over time. */
function deviations(states: States): number[] {
  const n = states.length;
  return states[0]!.map((_, i) => {
    const mean = states.reduce((a, state) => a + state[i]!, 0) / n;
    return Math.sqrt(states.reduce((a, state) => a + (state[i]! - mean) ** 2, 0) / n);
  });
}

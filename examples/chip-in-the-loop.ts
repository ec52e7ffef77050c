/**
 * A network in hardware, trained by its cost alone: import `train` and await it.
 *
 * `Bench` stands for an instrument: it takes 17 voltages and a sample, and answers with one number. Whoever owns a real one replaces the body of `cost` by its driver, which may be asynchronous.
 * Nothing outside of `Bench` knows what is in it: here four hidden units and one output, whose amplifiers differ from unit to unit.
 */
import { random } from 'cotangent/engine';
import { multiplexed } from 'cotangent/methods';

const XOR = [
  { x: [0, 0], y: 0 },
  { x: [0, 1], y: 1 },
  { x: [1, 0], y: 1 },
  { x: [1, 1], y: 0 },
] as const;

const HIDDEN = 4;

export class Bench implements multiplexed.Chip {
  /** Gain and offset of each amplifier, set by whoever made it. */
  readonly #amplifiers = [1.1, 0.9, 1.05, 0.95, 1].map((gain, i) => ({ gain, offset: 0.05 * (i - 2) }));

  /** The squared error on a sample. */
  cost(theta: Float64Array, sample: number): number {
    const { x, y } = XOR[sample % XOR.length]!;
    return (this.answer(theta, x) - y) ** 2;
  }

  /** What comes out for an input. */
  answer(theta: Float64Array, [a, b]: readonly [number, number]): number {
    const hidden = Array.from({ length: HIDDEN }, (_, j) =>
      this.#amplify(j, theta[j]! * a + theta[HIDDEN + j]! * b + theta[2 * HIDDEN + j]!),
    );
    return this.#amplify(
      HIDDEN,
      hidden.reduce((z, h, j) => z + h * theta[3 * HIDDEN + j]!, theta[4 * HIDDEN]!),
    );
  }

  #amplify(unit: number, z: number): number {
    const { gain, offset } = this.#amplifiers[unit]!;
    return 1 / (1 + Math.exp(-gain * (z - offset)));
  }
}

/** A fresh random code and the next sample in every step, and an update after it. */
const run = (chip: multiplexed.Chip, seed: number, steps: number): multiplexed.ChipRun => ({
  chip,
  theta: random.uniform(random.key(seed), [17], { low: -0.5, high: 0.5, dtype: 'f64' }).readSync(),
  settings: { amplitude: 0.05, tauX: 1, tauTheta: 1 },
  steps,
  rate: 5,
  key: random.key(seed + 1),
});

/** Trains the bench; tells the mean cost of every 5,000 steps. */
export default async function train(seed = 1, steps = 20_000): Promise<number[]> {
  const means: number[] = [];
  let sum = 0;
  for await (const { step, cost } of multiplexed.trainChip(run(new Bench(), seed, steps))) {
    sum += cost;
    if (step % 5000 === 0) {
      means.push(sum / 5000);
      sum = 0;
    }
  }
  return means;
}

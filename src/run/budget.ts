/** The budget meter: what a fit of any learner has spent, in every unit that a budget may have. */
import { evaluationsOf, type FitEvent } from '../methods/learner.ts';

export interface Spending {
  readonly steps: number;
  readonly samples: number;
  /** Runs of the model on one sample, or their worth in multiply-adds; null where the learner does not count them. */
  readonly evaluations: number | null;
  /** Runs of the model over a batch, by direction; null where the learner does not count them. */
  readonly forwardPasses: number | null;
  readonly backwardPasses: number | null;
  readonly flops: number;
  /** Bytes read and written when no op is fused with another; null where the learner does not count them. */
  readonly trafficBytes: number | null;
  /** Bytes of working memory of one update at its highest point. */
  readonly peakBytes: number;
  /** Seconds of learning alone. */
  readonly seconds: number;
}

/** Adds up what a fit spends, event by event. */
export class Meter {
  #last: FitEvent<unknown> | null = null;
  #peak = 0;
  #forward: number | null = 0;
  #backward: number | null = 0;
  #traffic: number | null = 0;
  #evaluations: number | null = 0;

  add(event: FitEvent<unknown>): void {
    const { cost = null, counters } = event;
    const passes = cost?.passes ?? null;
    this.#last = event;
    this.#peak = Math.max(this.#peak, event.peakBytes);
    this.#forward = plus(this.#forward, passes?.forward);
    this.#backward = plus(this.#backward, passes?.backward);
    this.#traffic = plus(this.#traffic, cost?.trafficBytes);
    this.#evaluations = counters.evaluations ?? plus(this.#evaluations, cost === null ? null : evaluationsOf(cost));
  }

  /** Passes the events of a fit on and adds them up. */
  async *watch<State>(events: AsyncIterable<FitEvent<State>>): AsyncGenerator<FitEvent<State>, void, undefined> {
    for await (const event of events) {
      this.add(event);
      yield event;
    }
  }

  get spent(): Spending {
    const { step = 0, samples = 0, flops = 0, seconds = 0 } = this.#last?.counters ?? {};
    return {
      steps: step,
      samples,
      evaluations: this.#evaluations,
      forwardPasses: this.#forward,
      backwardPasses: this.#backward,
      flops,
      trafficBytes: this.#traffic,
      peakBytes: this.#peak,
      seconds,
    };
  }
}

/** A sum that is unknown as soon as one part is. */
const plus = (sum: number | null, part: number | null | undefined): number | null =>
  sum === null || part === null || part === undefined ? null : sum + part;

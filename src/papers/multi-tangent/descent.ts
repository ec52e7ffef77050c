/** Plain descent by multi-tangent estimates on a function: runs are rows of one compiled step, each with its own tangents and rate. */
import {
  and,
  fromArray,
  gt,
  jit,
  jvp,
  lt,
  random,
  type Tensor,
  valueAndGrad,
  vmap,
  where,
} from '../../engine/index.ts';
import { combine } from '../../methods/perturbation/aggregate.ts';
import { type TangentLaw, tangentRows } from '../../methods/perturbation/tangents.ts';

export interface DescentOptions {
  readonly value: (x: Tensor) => Tensor;
  readonly start: readonly number[];
  /** One run a rate and seed. */
  readonly rates: readonly number[];
  readonly seeds: number;
  readonly steps: number;
  /** The gradient itself, or so many tangents combined. */
  readonly by: 'gradient' | 'frog' | 'mean';
  readonly k?: number;
  readonly law?: TangentLaw;
  readonly key: Tensor;
  /** Successive steps without decrease after which a run ends; Infinity for none. */
  readonly patience?: number;
  readonly onProgress?: (step: number) => void;
}

/** What became of one run. */
export interface Run {
  readonly rate: number;
  readonly seed: number;
  /** f at the end. */
  readonly value: number;
  readonly steps: number;
  /** Steps after which f was larger than before. */
  readonly rises: number;
}

type State = {
  readonly x: Tensor;
  readonly last: Tensor;
  readonly idle: Tensor;
  readonly done: Tensor;
  readonly rises: Tensor;
};

const LOOK = 200;

/** Runs every rate with every seed; runs of one seed draw the same tangents at every rate. */
export function descend(options: DescentOptions): Run[] {
  const { start, rates, seeds, steps, key, onProgress } = options;
  const rows = Array.from({ length: seeds }, (_, seed) => rates.map((rate) => ({ seed, rate }))).flat();
  const column = (values: readonly number[], shape = [rows.length]) =>
    fromArray(Float64Array.from(values), shape, 'f64');
  const fill = (value: number) => column(rows.map(() => value));
  let state: State = {
    x: column(
      rows.flatMap(() => [...start]),
      [rows.length, start.length],
    ),
    last: fill(Number.POSITIVE_INFINITY),
    idle: fill(0),
    done: fill(0),
    rises: fill(0),
  };
  const rate = column(
    rows.map((row) => row.rate),
    [rows.length, 1],
  );
  const seed = fromArray(
    Uint32Array.from(rows, (row) => row.seed),
    [rows.length],
    'u32',
  );
  const step = compile(options);
  for (let t = 0; t <= steps; t++) {
    state = step(state, rate, seed, random.foldIn(key, t));
    if (t % LOOK !== 0) continue;
    onProgress?.(t);
    if (state.idle.readSync().every((x: number) => x >= (options.patience ?? Number.POSITIVE_INFINITY))) break;
  }
  const [value, done, rises] = [state.last.readSync(), state.done.readSync(), state.rises.readSync()];
  return rows.map((row, i) => ({ ...row, value: value[i]!, steps: Math.max(0, done[i]! - 1), rises: rises[i]! }));
}

/** Looks at f, counts, then steps; a run that is over or not finite stands still. */
function compile({ value, by, k = 1, law = 'gaussian', patience = Number.POSITIVE_INFINITY }: DescentOptions) {
  const credit = (x: Tensor, key: Tensor): readonly [Tensor, Tensor] => {
    if (by === 'gradient') return valueAndGrad(value)(x);
    const v = tangentRows(key, k, x.shape[0]!, { law, dtype: 'f64' });
    const slopes = vmap((row: Tensor) => jvp(value, x, row)[1])(v);
    return [value(x), combine(v, slopes, { aggregate: by }).estimate];
  };
  return jit(
    (state: State, rate: Tensor, seed: Tensor, now: Tensor): State => {
      const [y, g] = vmap((x: Tensor, own: Tensor) => credit(x, random.foldIn(now, own)))(state.x, seed) as [
        Tensor,
        Tensor,
      ];
      const runs = and(lt(state.idle, patience), lt(y, Number.POSITIVE_INFINITY));
      const fell = lt(y, state.last);
      const rose = gt(y, state.last);
      const count = (c: Tensor, by: Tensor): Tensor => where(by, c.add(1), c);
      return {
        x: where(runs.reshape([seed.shape[0]!, 1]), state.x.sub(g.mul(rate)), state.x),
        last: where(runs, y, where(lt(y, Number.POSITIVE_INFINITY), state.last, y)),
        idle: where(runs, where(fell, 0, state.idle.add(1)), state.idle),
        done: count(state.done, runs),
        rises: count(state.rises, and(runs, rose)),
      };
    },
    { donate: [0] },
  );
}

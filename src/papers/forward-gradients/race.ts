/** Optimisers raced on a function: starts, repeats and rates are rows of one compiled step, each row stopped for itself. */
import {
  add,
  and,
  cast,
  clamp,
  concat,
  fromArray,
  jit,
  jvp,
  le,
  mul,
  not,
  random,
  reshape,
  sliceAxis,
  type Tensor,
  type Tree,
  take,
  trees,
  valueAndGrad,
  vmap,
  where,
} from '../../engine/index.ts';
import { direction, type Law } from '../../methods/perturbation/law.ts';
import type { Optimizer } from '../../optim/index.ts';

export interface Racer {
  readonly name: string;
  /** The gradient, or a forward gradient with tangents of this law. */
  readonly credit: 'gradient' | Law;
  /** With learning rate 1; its step is multiplied by a row's rate. */
  readonly optimizer: Optimizer;
  readonly rates: readonly number[];
  /** Runs of every start and rate; tangents differ between them. */
  readonly repeats: number;
}

export interface RaceOptions {
  readonly value: (x: Tensor) => Tensor;
  readonly starts: readonly (readonly number[])[];
  readonly racers: readonly Racer[];
  /** A row has arrived when its value is at most this, by start. */
  readonly targets: readonly number[];
  /** A row is lost when its value is above this, or is no number. */
  readonly limit: number;
  /** Steps are projected into it. */
  readonly box?: readonly [number, number] | undefined;
  readonly key: Tensor;
  readonly steps: number;
  /** Told how many steps are done; may throw to stop. */
  readonly onProgress?: (step: number) => void;
}

/** For each racer, steps to the target by start, rate and repeat; Infinity where it was not met. */
export type Finish = readonly (readonly (readonly (readonly number[])[])[])[];

/** Everything that one racer's rows carry; ids say which start, rate and repeat a row is. */
interface Lane {
  readonly racer: number;
  readonly ids: readonly number[];
  readonly fixed: { readonly rate: Tensor; readonly target: Tensor };
  readonly moving: Moving;
}

type Moving = {
  readonly x: Tensor;
  readonly memory: Tree;
  /** 1 while the row runs. */
  readonly alive: Tensor;
  /** The step at which the target was met; −1 before. */
  readonly arrived: Tensor;
};

/** Steps between looks at which rows still run. */
const LOOK = 250;

/** Runs every racer from every start and says when each row met its target. */
export function race(options: RaceOptions): Finish {
  const { racers, steps, onProgress } = options;
  const arrived = racers.map(({ rates, repeats }) =>
    Array(options.starts.length * rates.length * repeats).fill(Infinity),
  );
  let lanes = racers.map((_, i) => laneOf(options, i));
  let step = compile(options, lanes);
  for (let t = 0; t <= steps && lanes.length > 0; ) {
    const until = Math.min(steps + 1, t === 0 ? 1 : t + LOOK);
    let moving = lanes.map((lane) => lane.moving);
    const fixed = lanes.map((lane) => lane.fixed);
    for (; t < until; t++) moving = step(moving, fixed, options.key, t) as Moving[];
    const running = settle(
      lanes.map((lane, i) => ({ ...lane, moving: moving[i]! })),
      arrived,
    );
    if (running.changed) step = compile(options, running.lanes);
    lanes = running.lanes;
    onProgress?.(t);
  }
  return racers.map(({ rates, repeats }, i) =>
    options.starts.map((_, s) => rates.map((_, q) => arrived[i]!.slice(...rowRange(s, q, rates.length, repeats)))),
  );
}

const rowRange = (s: number, q: number, rates: number, repeats: number): [number, number] => {
  const from = (s * rates + q) * repeats;
  return [from, from + repeats];
};

function laneOf({ starts, racers, targets }: RaceOptions, racer: number): Lane {
  const { rates, repeats, optimizer } = racers[racer]!;
  const d = starts[0]!.length;
  const rows = starts.flatMap((x, s) =>
    rates.flatMap((rate) => Array.from({ length: repeats }, () => ({ x, s, rate }))),
  );
  const column = (values: readonly number[], shape: readonly number[]) =>
    fromArray(Float64Array.from(values), shape, 'f64');
  const x = column(
    rows.flatMap((row) => [...row.x]),
    [rows.length, d],
  );
  return {
    racer,
    ids: rows.map((_, i) => i),
    fixed: {
      rate: column(
        rows.map((row) => row.rate),
        [rows.length, 1],
      ),
      target: column(
        rows.map((row) => targets[row.s]!),
        [rows.length],
      ),
    },
    moving: {
      x,
      memory: optimizer.init(x),
      alive: column(
        rows.map(() => 1),
        [rows.length],
      ),
      arrived: column(
        rows.map(() => -1),
        [rows.length],
      ),
    },
  };
}

/** Notes who has arrived; once half of the rows have stopped, those that run go on without the others. */
function settle(lanes: readonly Lane[], arrived: number[][]): { lanes: Lane[]; changed: boolean } {
  const alive = lanes.map(({ moving }) => moving.alive.readSync());
  lanes.forEach(({ racer, ids, moving }) => {
    moving.arrived.readSync().forEach((t, i) => {
      if (t >= 0) arrived[racer]![ids[i]!] = t;
    });
  });
  const total = alive.reduce((n, rows) => n + rows.length, 0);
  const running = alive.reduce((n, rows) => n + Array.from(rows).filter((x) => x === 1).length, 0);
  if (running > 0.5 * total) return { lanes: [...lanes], changed: false };
  return { lanes: lanes.flatMap((lane, i) => kept(lane, alive[i]!)), changed: true };
}

function kept(lane: Lane, alive: ArrayLike<number>): Lane[] {
  const rows = lane.ids.flatMap((_, i) => (alive[i] === 1 ? [i] : []));
  if (rows.length === 0) return [];
  const index = fromArray(Int32Array.from(rows), [rows.length], 'i32');
  const pick = <T>(tree: T): T => trees.mapTensors((x) => (x.rank === 0 ? x : take(x, index, 0)), tree);
  return [
    { racer: lane.racer, ids: rows.map((i) => lane.ids[i]!), fixed: pick(lane.fixed), moving: pick(lane.moving) },
  ];
}

type Step = (moving: Moving[], fixed: Lane['fixed'][], key: Tensor, t: number) => Moving[];

/** One step of all lanes: values and credit by kind of credit, then each lane's own optimiser; the value is looked at before the step. */
function compile({ racers, value, limit, box }: RaceOptions, lanes: readonly Lane[]): Step {
  const own = lanes.map(({ racer }) => racers[racer]!);
  const kinds = [...new Set(own.map(({ credit }) => credit))];
  return jit(
    (moving: Moving[], fixed: Lane['fixed'][], key: Tensor, t: Tensor | number) => {
      const next: Moving[] = [];
      const now = random.foldIn(key, cast(t as Tensor, 'u32'));
      kinds.forEach((kind, k) => {
        const members = own.flatMap(({ credit }, i) => (credit === kind ? [i] : []));
        const xs = concat(members.map((i) => moving[i]!.x));
        const [y, g] = creditOf(kind, value, xs, random.foldIn(now, k));
        let from = 0;
        for (const i of members) {
          const rows = moving[i]!.x.shape[0]!;
          const part = (z: Tensor): Tensor => sliceAxis(z, 0, from, from + rows);
          next[i] = advance(moving[i]!, fixed[i]!, own[i]!.optimizer, {
            y: part(y),
            g: part(g),
            t: t as Tensor,
            limit,
            box,
          });
          from += rows;
        }
      });
      return next;
    },
    { donate: [0] },
  ) as unknown as Step;
}

/** Values (rows) and credit (rows, d). */
function creditOf(kind: Racer['credit'], value: RaceOptions['value'], xs: Tensor, key: Tensor): [Tensor, Tensor] {
  if (kind === 'gradient') return vmap((x: Tensor) => valueAndGrad(value)(x))(xs) as [Tensor, Tensor];
  const [v] = direction(kind, key, [xs], { isPerSample: true }) as [Tensor];
  return vmap((x: Tensor, own: Tensor) => {
    const [y, slope] = jvp(value, x, own);
    return [y, mul(slope, own)] as [Tensor, Tensor];
  })(xs, v);
}

interface Look {
  readonly y: Tensor;
  readonly g: Tensor;
  readonly t: Tensor;
  readonly limit: number;
  readonly box: readonly [number, number] | undefined;
}

function advance(
  { x, memory, alive, arrived }: Moving,
  { rate, target }: Lane['fixed'],
  optimizer: Optimizer,
  { y, g, t, limit, box }: Look,
): Moving {
  const isThere = le(y, target);
  const goesOn = and(le(y, limit), not(isThere)); // a NaN goes nowhere
  const still = mul(alive, cast(goesOn, 'f64'));
  const [step, next] = optimizer.update(g, memory, { params: x });
  const free = add(x, mul(step as Tensor, rate));
  const moved = box === undefined ? free : clamp(free, box[0], box[1]);
  return {
    x: where(reshape(le(0.5, still), [x.shape[0]!, 1]), moved, x),
    memory: next,
    alive: still,
    arrived: where(and(isThere, le(0.5, alive)), cast(t, 'f64'), arrived),
  };
}

/** All numbers of a finish, racer by racer. */
export const stepsOf = (finish: Finish[number]): number[] => finish.flat(2);

/** The share of runs that met their target within some steps. */
export const solvedShare = (steps: readonly number[], within: number): number =>
  steps.filter((t) => t <= within).length / steps.length;

/** Two ways through the same landscape: backprop and top-down credits from one start of XOR, on the plane through the start and both ends. */
import { fromArray, jit, random, type Tensor, trees } from '../../engine/index.ts';
import {
  backpropCredits,
  type CreditSource,
  chanceOfTruth,
  drawNets,
  forward,
  type Nets,
  update,
} from '../../methods/top-down/bottom-up.ts';
import { type TopDownShape, topDownCredits } from '../../methods/top-down/top-down.ts';
import { heatMap, lineChart } from '../../plot/index.ts';
import type { Lab } from '../ledger/lab.ts';
import type { Problem } from './setting.ts';

const CELLS = 41;
const MARGIN = 0.3;

type Path = readonly (readonly number[])[];

const lossOf = (nets: Nets, { lesson: { rows } }: Problem): number =>
  -chanceOfTruth(forward(nets, rows.x).output, rows.t).add(1e-6).log().mean().item();

/** Weights after every update, as plain numbers. */
function pathOf({ lesson }: Problem, start: Nets, source: CreditSource, rate: number): Path {
  const { rows, steps } = lesson;
  const step = jit((now: Nets): Nets => {
    const pass = forward(now, rows.x);
    return update(now, rows.x, pass, source(pass, rows.t, now), { rate });
  });
  const flat = (n: Nets): number[] => [...trees.ravel(n)[0].readSync()];
  const path = [flat(start)];
  for (let i = 0, now = start; i < steps; i++) {
    now = step(now);
    path.push(flat(now));
  }
  return path;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((v, i) => v - b[i]!);
const scaled = (a: readonly number[], by: number): number[] => a.map((v) => v * by);
const unit = (a: readonly number[]): number[] => scaled(a, 1 / Math.max(1e-12, Math.sqrt(dot(a, a))));

/** Draws both ways from the first fresh start from which backprop fails and top-down credits succeed; draws nothing where there is none among forty. */
export function drawTrajectories(lab: Lab, problem: Problem, psi: Tensor, shape: TopDownShape, rate: number): void {
  for (let i = 0; i < 40; i++) {
    const start = drawNets(random.foldIn(lab.key('trajectory'), i), [], problem.lesson.widths);
    const unravel = trees.ravel(start)[1];
    const nets = (v: readonly number[]): Nets => unravel(fromArray(Float32Array.from(v), [v.length], 'f32'));
    const exact = pathOf(problem, start, backpropCredits, rate);
    const own = pathOf(problem, start, topDownCredits(psi, shape), 1);
    if (lossOf(nets(exact.at(-1)!), problem) < 0.2 || lossOf(nets(own.at(-1)!), problem) > 0.1) continue;
    drawPlane(lab, problem, exact, own, nets);
    return;
  }
}

function drawPlane(lab: Lab, problem: Problem, exact: Path, own: Path, nets: (v: readonly number[]) => Nets): void {
  const origin = exact[0]!;
  const across = unit(minus(exact.at(-1)!, origin));
  const toOwn = minus(own.at(-1)!, origin);
  const up = unit(minus(toOwn, scaled(across, dot(toOwn, across))));
  const flat = (path: Path) => path.map((v) => ({ x: dot(minus(v, origin), across), y: dot(minus(v, origin), up) }));
  const [exactFlat, ownFlat] = [flat(exact), flat(own)];
  const all = [...exactFlat, ...ownFlat];
  const span = (xs: readonly number[]): readonly [number, number] => {
    const [low, high] = [Math.min(...xs), Math.max(...xs)];
    return [low - MARGIN * (high - low), high + MARGIN * (high - low)];
  };
  const [xs, ys] = [span(all.map((p) => p.x)), span(all.map((p) => p.y))];
  const at = ([low, high]: readonly [number, number], i: number): number => low + ((high - low) * i) / (CELLS - 1);
  const table = Array.from({ length: CELLS }, (_, r) =>
    Array.from({ length: CELLS }, (_, c) => {
      const place = [at(xs, c), at(ys, CELLS - 1 - r)] as const;
      return lossOf(nets(origin.map((v, i) => v + place[0] * across[i]! + place[1] * up[i]!)), problem);
    }),
  );
  lab.figure(
    'landscape',
    'Cross-entropy of XOR on the plane through a start, the end of backprop and the end of top-down credits.',
    heatMap(table, {
      title: 'Loss on the plane of both ends',
      label: 'cross-entropy',
      columnLabel: 'towards the end of backprop',
      rowLabel: 'towards the end of top-down',
    }),
  );
  lab.figure(
    'trajectories',
    `Both ways on that plane from the same start, 100 updates: backprop ends at ${lossOf(nets(exact.at(-1)!), problem).toFixed(2)}, top-down credits at ${lossOf(nets(own.at(-1)!), problem).toFixed(2)}.`,
    lineChart(
      [
        { name: 'backprop', points: exactFlat },
        { name: 'top-down', points: ownFlat },
      ],
      { title: 'Two ways from one start', x: { label: 'towards the end of backprop' }, y: { label: 'across' } },
    ),
  );
}

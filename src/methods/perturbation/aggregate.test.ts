/** Projections and other aggregates against the identities that they must have, and against plain loops. */
import { describe, expect, it } from 'vitest';
import {
  add,
  ConfigError,
  concat,
  DivergedError,
  matmul,
  mul,
  random,
  reshape,
  sliceAxis,
  type Tensor,
  tensor,
} from '../../engine/index.ts';
import { type Aggregate, type AggregateOptions, aggregates, checkAggregate, combine, meanChi } from './aggregate.ts';
import { type Projector, project, projectors } from './projection.ts';
import { tangentRows } from './tangents.ts';

const gaussian = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape, { dtype: 'f64' });
const slopesOf = (v: Tensor, g: Tensor): Tensor => reshape(matmul(v, reshape(g, [g.size, 1])), [v.shape[0]!]);
const list = (x: Tensor): number[] => [...x.readSync()];
const distance = (a: Tensor, b: Tensor): number =>
  Math.hypot(...list(a).map((x, i) => x - list(b)[i]!)) / Math.hypot(...list(b));
const dot = (a: Tensor, b: Tensor): number => list(a).reduce((s, x, i) => s + x * list(b)[i]!, 0);

describe.each(projectors)('the projection by %s', (by: Projector) => {
  const [g, v] = [gaussian(1, 50), gaussian(2, 7, 50)];
  const p = project(v, slopesOf(v, g), by).estimate;

  it('projects: P·P = P, P·g · g = ‖P·g‖², the rest is orthogonal to every tangent', () => {
    expect(distance(project(v, slopesOf(v, p), by).estimate, p)).toBeLessThan(1e-13);
    expect(dot(p, g) / dot(p, p)).toBeCloseTo(1, 13);
    for (const s of list(slopesOf(v, add(g, mul(p, -1))))) expect(Math.abs(s)).toBeLessThan(1e-12);
  });

  it('depends on the span alone, and is g where there are n tangents', () => {
    const a = gaussian(3, 7, 7);
    const other = matmul(a, v);
    expect(distance(project(other, slopesOf(other, g), by).estimate, p)).toBeLessThan(1e-10);
    const all = gaussian(4, 50, 50);
    expect(distance(project(all, slopesOf(all, g), by).estimate, g)).toBeLessThan(1e-9);
  });

  it('takes many columns of slopes at once', () => {
    const many = gaussian(5, 50, 3);
    const { estimate } = project(v, matmul(v, many), by);
    expect(estimate.shape).toEqual([3, 50]);
    const second = reshape(sliceAxis(many, 1, 1, 2), [50]);
    expect(
      distance(reshape(sliceAxis(estimate, 0, 1, 2), [50]), project(v, slopesOf(v, second), by).estimate),
    ).toBeLessThan(1e-14);
  });
});

describe('dependent tangents', () => {
  const rows = gaussian(6, 8, 200);
  const g = gaussian(7, 200);
  const twice = concat([sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)]);

  it('are left out by gs and counted', () => {
    const { estimate, rank } = project(twice, slopesOf(twice, g));
    const seven = concat([sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)]);
    expect(rank.item()).toBe(7);
    expect(distance(estimate, project(seven, slopesOf(seven, g)).estimate)).toBeLessThan(1e-12);
  });

  it('are refused by gram', () => {
    const same = tensor(
      [
        [1, 2],
        [1, 2],
      ],
      { dtype: 'f64' },
    );
    expect(() => project(same, slopesOf(same, gaussian(1, 2)), 'gram')).toThrow(DivergedError);
  });

  it('beyond n do not count, whichever n are taken', () => {
    const many = gaussian(8, 9, 5);
    const small = gaussian(9, 5);
    for (const surplus of ['first', 'largest', 'smallest'] as const) {
      const { estimate, rank } = combine(many, slopesOf(many, small), { surplus });
      expect(rank.item()).toBe(5);
      expect(distance(estimate, small)).toBeLessThan(1e-11);
    }
    expect(() => combine(many, gaussian(1, 9, 2), { surplus: 'largest' })).toThrow(ConfigError);
  });
});

describe('aggregates', () => {
  const [k, n] = [6, 10];
  const v = gaussian(10, k, n);
  const g = gaussian(11, n);
  const rows = v.toArray() as number[][];
  const d = rows.map((row) => row.reduce((s, x, i) => s + x * list(g)[i]!, 0));
  const scores = d.map((x, j) => Math.abs(x) / Math.hypot(...rows[j]!));
  const plain = (weights: readonly number[]): number[] =>
    Array.from({ length: n }, (_, i) => weights.reduce((s, w, j) => s + w * rows[j]![i]!, 0));
  const only = (score: readonly number[]): number[] =>
    d.map((x, j) => (j === score.indexOf(Math.max(...score)) ? x : 0));
  const oracle: Record<Exclude<Aggregate, 'frog'>, number[]> = {
    sum: plain(d),
    mean: plain(d.map((x) => x / k)),
    'mean-times-dim': plain(d.map((x) => (n * x) / k)),
    max: plain(only(d.map(Math.abs))),
    'max-normalised': plain(only(scores)),
    'mean-of-best': plain(d.map((x, j) => (scores[j]! >= Math.max(...scores) - 0.1 ? x / k : 0))),
  };

  it.each(Object.keys(oracle) as (keyof typeof oracle)[])('%s is what plain loops make of it', (aggregate) => {
    const { estimate } = combine(v, tensor(d, { dtype: 'f64' }), { aggregate });
    expect(distance(estimate, tensor(oracle[aggregate], { dtype: 'f64' }))).toBeLessThan(1e-13);
  });

  it('of orthonormal tangents: frog is the sum; of one: frog is the mean over ‖v‖²', () => {
    const q = tangentRows(random.key(1), k, n, { orthonormal: true, dtype: 'f64' });
    const slopes = slopesOf(q, g);
    expect(distance(combine(q, slopes).estimate, combine(q, slopes, { aggregate: 'sum' }).estimate)).toBeLessThan(
      1e-14,
    );
    const one = sliceAxis(v, 0, 0, 1);
    const mean = combine(one, slopesOf(one, g), { aggregate: 'mean' }).estimate;
    expect(distance(combine(one, slopesOf(one, g)).estimate, mul(mean, 1 / dot(one, one)))).toBeLessThan(1e-14);
  });

  it('is scaled as said: without bias, or to the length that is expected of it', () => {
    const slopes = slopesOf(v, g);
    const base = (o: AggregateOptions) => combine(v, slopes, o).estimate;
    const factor = (o: AggregateOptions) =>
      dot(base(o), base({ ...o, scale: 'none' })) / dot(base({ ...o, scale: 'none' }), base({ ...o, scale: 'none' }));
    expect(factor({ scale: 'unbiased' })).toBeCloseTo(n / k, 12);
    expect(factor({ aggregate: 'mean', scale: 'unbiased' })).toBeCloseTo(1, 12);
    expect(factor({ scale: 'expected-length' })).toBeCloseTo(meanChi(n) / meanChi(k), 12);
    expect(factor({ aggregate: 'mean', scale: 'expected-length' })).toBeCloseTo(Math.sqrt((k + 1) / (n + k)), 12);
    expect(meanChi(1)).toBeCloseTo(Math.sqrt(2 / Math.PI), 12);
    expect(meanChi(2)).toBeCloseTo(Math.sqrt(Math.PI / 2), 12);
  });

  it('refuses words it does not know and scales without a formula', () => {
    const bad: unknown[] = [
      { aggregate: 'median' },
      { scale: 'half' },
      { projector: 'svd' },
      { surplus: 'last' },
      { aggregate: 'max', scale: 'unbiased' },
    ];
    for (const options of bad) expect(() => checkAggregate(options as AggregateOptions)).toThrow(ConfigError);
    for (const aggregate of aggregates) expect(() => checkAggregate({ aggregate })).not.toThrow();
  });
});

/** Check 1: identities of the projection, and how exact it stays where tangents nearly depend on one another. */
import { CotangentError, cast, linalg, matmul, random, sliceAxis, type Tensor } from '../../engine/index.ts';
import { combine } from '../../methods/perturbation/aggregate.ts';
import { type Projector, project } from '../../methods/perturbation/projection.ts';
import { atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { concatRows, distance, dot, lengthOf, list, slopesOf } from './vectors.ts';

const SIZES = [
  [50, 7],
  [200, 64],
  [64, 64],
] as const;

const normal = (lab: Lab, name: string, ...shape: number[]): Tensor =>
  random.normal(lab.key(`${name} ${shape}`), shape, { dtype: 'f64' });

const projected = (v: Tensor, g: Tensor, by: Projector = 'gs'): Tensor => project(v, slopesOf(v, g), by).estimate;

interface Case {
  readonly n: number;
  readonly k: number;
  readonly g: Tensor;
  readonly v: Tensor;
}

const casesOf = (lab: Lab): Case[] =>
  SIZES.map(([n, k]) => ({ n, k, g: normal(lab, 'g', n), v: normal(lab, 'v', k, n) }));

const worst = (lab: Lab, of: (one: Case) => number): number => Math.max(...casesOf(lab).map(of));

/** The projection by reflections in f64: a basis made in another way. */
const reference = (v: Tensor, g: Tensor): Tensor => projected(cast(v, 'f64'), cast(g, 'f64'), 'qr');

/** What is gained over the best of 100 random combinations of tangents and the mean: the least of ‖g − Vᵀa‖ − ‖g − Pg‖ over ‖g‖. */
function optimality(lab: Lab): number {
  return Math.min(
    ...casesOf(lab).map(({ n, k, g, v }) => {
      const best = lengthOf(g.sub(projected(v, g)));
      const mean = combine(v, slopesOf(v, g), { aggregate: 'mean' }).estimate;
      const weights = normal(lab, 'a', 100, k).mul(lengthOf(g) / n);
      const others = list(g.sub(matmul(weights, v)).square().sum(1).sqrt());
      return (Math.min(lengthOf(g.sub(mean)), ...others) - best) / lengthOf(g);
    }),
  );
}

/** Error of gs in f32 against the f64 projection of the same numbers. */
function singleError(v: Tensor, g: Tensor): number {
  const [v32, g32] = [cast(v, 'f32'), cast(g, 'f32')];
  const exact = slopesOf(cast(v32, 'f64'), cast(g32, 'f64'));
  return distance(cast(project(v32, cast(exact, 'f32')).estimate, 'f64'), reference(v32, g32));
}

const conditionOf = (v: Tensor): number => {
  const s = list(linalg.svd(v).s);
  return Math.max(...s) / Math.min(...s);
};

/** The largest error of gs in f32 over 2⁻²³·cond(V), in three draws of square V. */
const squareInSingle = (lab: Lab): number =>
  Math.max(
    ...[0, 1, 2].map((i) => {
      const v = cast(cast(normal(lab, `square ${i}`, 64, 64), 'f32'), 'f64');
      return singleError(v, normal(lab, 'g', 64)) / (2 ** -23 * conditionOf(v));
    }),
  );

interface NearDependent {
  readonly eps: number;
  readonly errors: Readonly<Record<Projector, number | string>>;
}

/** Row 1 is row 0 plus ε times noise; the reference has the noise in its place. */
const nearDependent = (lab: Lab): Promise<readonly NearDependent[]> =>
  lab.once('near dependent', () => {
    const [rows, noise, g] = [normal(lab, 'rows', 8, 200), normal(lab, 'noise', 1, 200), normal(lab, 'g', 200)];
    const [first, rest] = [sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)];
    const right = projected(concatRows(first, noise, rest), g);
    const found = [1e-6, 1e-8].map((eps): NearDependent => {
      const v = concatRows(first, first.add(noise.mul(eps)), rest);
      const error = (by: Projector): number | string => {
        try {
          return distance(projected(v, g, by), right);
        } catch (refusal) {
          if (refusal instanceof CotangentError) return refusal.code;
          throw refusal;
        }
      };
      return { eps, errors: { gs: error('gs'), qr: error('qr'), gram: error('gram') } };
    });
    lab.table(
      'near-dependent',
      'Relative error of the projection where row 1 is row 0 plus ε times noise (n = 200, k = 8, f64)',
      ['ε', 'gs', 'qr', 'gram'],
      found.map(({ eps, errors }) => [
        eps,
        ...[errors.gs, errors.qr, errors.gram].map((x) => (typeof x === 'string' ? x : x.toExponential(1))),
      ]),
    );
    return found;
  });

/** Rank and error against the other seven rows where row 1 is row 0 plus ε times noise. */
function dependent(lab: Lab, eps: number, dtype: 'f32' | 'f64'): { rank: number; error: number } {
  const [rows, noise, g] = [normal(lab, 'rows', 8, 200), normal(lab, 'noise', 1, 200), normal(lab, 'g', 200)];
  const [first, rest] = [sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)];
  const v = cast(concatRows(first, first.add(noise.mul(eps)), rest), dtype);
  const seven = cast(cast(concatRows(first, rest), dtype), 'f64');
  const slopes = cast(slopesOf(cast(v, 'f64'), g), dtype);
  const { estimate, rank } = project(v, slopes);
  return { rank: rank.item(), error: distance(cast(estimate, 'f64'), reference(seven, g)) };
}

const identity = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: (lab: Lab) => number | Promise<number>,
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  threshold,
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

const dependentClaim = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  what: 'rank' | 'error',
  rows: readonly (readonly [number, 'f32' | 'f64'])[],
): Claim =>
  identity(id, sentence, threshold, (lab) => Math.max(...rows.map(([eps, dtype]) => dependent(lab, eps, dtype)[what])));

export const projectionClaims: readonly Claim[] = [
  identity(
    'idempotent',
    'The projection projects, P² = P: relative difference, (n, k) = (50, 7), (200, 64), (64, 64).',
    atMost(1e-10),
    (lab) => worst(lab, ({ v, g }) => distance(projected(v, projected(v, g)), projected(v, g))),
  ),
  identity(
    'basis-free',
    'Only the span counts: frog(A·V, A·d) is frog(V, d) for random A, relative difference.',
    atMost(1e-10),
    (lab) =>
      worst(lab, ({ k, g, v }) => distance(projected(matmul(normal(lab, 'basis', k, k), v), g), projected(v, g))),
  ),
  identity(
    'length-along-gradient',
    'The projection is as long as its part along the gradient: |(Pg)·g/‖Pg‖² − 1|.',
    atMost(1e-10),
    (lab) => worst(lab, ({ g, v }) => Math.abs(dot(projected(v, g), g) / dot(projected(v, g), projected(v, g)) - 1)),
  ),
  identity(
    'all-tangents',
    'With as many tangents as variables the projection is the gradient: relative difference, n = 64.',
    atMost(1e-10),
    (lab) => {
      const { g, v } = casesOf(lab)[2]!;
      return distance(projected(v, g), g);
    },
  ),
  identity(
    'optimal',
    'No combination of the tangents is closer to the gradient: least gain over 100 random ones and the mean.',
    atLeast(-1e-12),
    optimality,
  ),
  identity(
    'gs-double',
    'Gram–Schmidt twice agrees with reflections in f64: relative difference.',
    atMost(1e-12),
    (lab) => worst(lab, ({ g, v }) => (v.shape[0] === v.shape[1] ? 0 : distance(projected(v, g), reference(v, g)))),
  ),
  identity(
    'gs-single',
    'In f32 with k < n it is exact to rounding: largest error, (n, k) = (50, 7), (200, 64), (522, 256).',
    atMost(1e-5),
    (lab) =>
      Math.max(
        ...([[50, 7], [200, 64], lab.pick([522, 64], [522, 256])] as [number, number][]).map(([n, k]) =>
          singleError(normal(lab, 'v', k, n), normal(lab, 'g', n)),
        ),
      ),
  ),
  identity(
    'gs-single-square',
    'In f32 with k = n = 64 the error stays below 2⁻²³·cond(V): largest share in three draws.',
    atMost(1),
    squareInSingle,
  ),
  identity(
    'gs-near-dependent',
    'Rows that differ by 1e-6 and 1e-8 of noise leave gs exact: largest error.',
    atMost(1e-6),
    async (lab) => Math.max(...(await nearDependent(lab)).map(({ errors }) => Number(errors.gs))),
  ),
  dependentClaim('rank', 'A row twice is found: rank of 8 rows in f64.', exactly(7), 'rank', [[0, 'f64']]),
  dependentClaim(
    'dependent',
    'A row twice is left out: error against the other seven rows in f64.',
    atMost(1e-12),
    'error',
    [[0, 'f64']],
  ),
  dependentClaim(
    'rank-single',
    'In f32 a row that differs by at most 1e-6 of noise is found: largest rank of 8 rows.',
    exactly(7),
    'rank',
    [
      [0, 'f32'],
      [1e-6, 'f32'],
      [1e-7, 'f32'],
    ],
  ),
  dependentClaim(
    'dependent-single',
    'In f32 such a row is left out: largest error against the other seven rows.',
    atMost(1e-5),
    'error',
    [
      [0, 'f32'],
      [1e-6, 'f32'],
      [1e-7, 'f32'],
    ],
  ),
];

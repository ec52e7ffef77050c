/** Check 3 and the first half of 4: direction and length of frog and mean, by number and by angle of the tangents. */
import { lineChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type DirectionRow, directionRow, drawEstimates } from './estimates.ts';

/** Dimensions, tangents, draws. */
const QUICK = [
  [64, 1, 2000],
  [64, 4, 2000],
  [64, 16, 2000],
  [64, 64, 50],
] as const;
const FULL = [...QUICK, [1024, 1, 400], [1024, 4, 400], [1024, 16, 400], [1024, 64, 400]] as const;

const rows = (lab: Lab): Promise<readonly DirectionRow[]> =>
  lab.once('directions', () => {
    const found = lab.pick<readonly (readonly [number, number, number])[]>(QUICK, FULL).map(([n, k, draws]) => {
      lab.step(`directions, n = ${n}, k = ${k}`);
      return directionRow(n, k, drawEstimates({ n, k, draws, key: lab.key(`directions ${n} ${k}`) }));
    });
    show(lab, found);
    return found;
  });

function show(lab: Lab, found: readonly DirectionRow[]): void {
  lab.table(
    'directions',
    'Cosine to the gradient and length for gaussian tangents; frog’s cosine is its length',
    ['n', 'k', 'frog cos', 'χ̄_k/χ̄_n', 'mean cos', '√(k/(n+k+1))', 'mean length r.m.s.', '√((n+k+1)/k)'],
    found.map((r) => [
      r.n,
      r.k,
      ...[r.cosFrog, r.theory, r.cosMean, Math.sqrt(r.k / (r.n + r.k + 1))].map((x) => x.toFixed(4)),
      r.rmsMean.toFixed(2),
      r.rmsTheory.toFixed(2),
    ]),
  );
  const own = found.filter((r) => r.n === 64);
  const svg = lineChart(
    [
      { name: 'frog', points: own.map((r) => ({ x: r.k, y: r.cosFrog })) },
      { name: 'mean', points: own.map((r) => ({ x: r.k, y: r.cosMean })) },
    ],
    {
      title: 'Cosine to the gradient, n = 64',
      x: { label: 'tangents', log: true },
      y: { label: 'cosine', range: [0, 1] },
    },
  );
  lab.figure(
    'cosine-by-tangents',
    'Mean cosine of frog and mean to the gradient by number of gaussian tangents, n = 64.',
    svg,
  );
}

const ANGLES = [15, 30, 45, 60, 75, 90] as const;

interface AngleRow {
  readonly k: number;
  readonly angle: number;
  readonly frog: number;
  readonly mean: number;
  /** The largest difference of frog's cosine from that at 90°, draw by draw. */
  readonly apart: number;
}

/** The same draws turned to several angles, n = 64. */
const angles = (lab: Lab): Promise<readonly AngleRow[]> =>
  lab.once('angles', () => {
    const settings = lab.pick(
      [[16, 200]],
      [
        [16, 400],
        [64, 50],
      ],
    ) as [number, number][];
    const found = settings.flatMap(([k, draws]) => {
      const at = (angle: number) =>
        drawEstimates({ n: 64, k, draws, law: `angle-${angle}`, key: lab.key(`angles ${k}`) });
      const upright = at(90);
      return lab.pick<readonly number[]>([15, 90], ANGLES).map((angle): AngleRow => {
        const own = at(angle);
        return {
          k,
          angle,
          frog: mean(own.map((d) => d.cosFrog)),
          mean: mean(own.map((d) => d.cosMean)),
          apart: Math.max(...own.map((d, i) => Math.abs(d.cosFrog - upright[i]!.cosFrog))),
        };
      });
    });
    lab.table(
      'angles',
      'Mean cosine to the gradient for unit tangents at an angle to the first, n = 64',
      ['k', 'angle', 'frog', 'mean'],
      found.map((r) => [r.k, `${r.angle}°`, r.frog.toFixed(3), r.mean.toFixed(3)]),
    );
    return found;
  });

const claim = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: (lab: Lab) => Promise<number>,
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

const largest = async (lab: Lab, of: (row: DirectionRow) => number): Promise<number> =>
  Math.max(...(await rows(lab)).map(of));

export const directionClaims: readonly Claim[] = [
  claim(
    'frog-cosine',
    'Frog’s mean cosine, which is its mean length, is χ̄_k/χ̄_n: largest relative difference for k ≥ 4.',
    atMost(0.03),
    (lab) => largest(lab, (r) => (r.k < 4 ? 0 : Math.abs(r.cosFrog / r.theory - 1))),
  ),
  claim('frog-cosine-squared', 'Frog’s mean cos² is k/n: largest difference in standard errors.', atMost(4), (lab) =>
    largest(lab, (r) => r.squareGap),
  ),
  claim(
    'mean-length',
    'The mean is too long by √((n + k + 1)/k): largest relative difference of its r.m.s. length for k ≥ 4.',
    atMost(0.04),
    (lab) => largest(lab, (r) => (r.k < 4 ? 0 : Math.abs(r.rmsMean / r.rmsTheory - 1))),
  ),
  claim(
    'mean-length-one',
    'So it is for one tangent: relative difference of its r.m.s. length, n = 64.',
    atMost(0.08),
    (lab) => largest(lab, (r) => (r.k === 1 && r.n === 64 ? Math.abs(r.rmsMean / r.rmsTheory - 1) : 0)),
  ),
  claim(
    'frog-leads',
    'Frog’s cosine is at least the mean’s in every single draw: least lead.',
    atLeast(-1e-12),
    async (lab) => Math.min(...(await rows(lab)).map((r) => r.leastLead)),
  ),
  claim(
    'frog-ignores-angles',
    'With the same draws frog’s cosine is equal at all angles: largest difference from 90°, n = 64.',
    atMost(1e-8),
    async (lab) => Math.max(...(await angles(lab)).map((r) => r.apart)),
  ),
  claim(
    'mean-suffers-from-angles',
    'The mean loses its direction where tangents are at 15°: its mean cosine over that at 90°, n = 64, k = 16.',
    atMost(0.5),
    async (lab) => {
      const at = async (angle: number) => (await angles(lab)).find((r) => r.k === 16 && r.angle === angle)!.mean;
      return (await at(15)) / (await at(90));
    },
  ),
];

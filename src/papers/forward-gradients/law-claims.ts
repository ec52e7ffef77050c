/** Checks 1 to 3: what one forward gradient is, how far it is from the gradient in the mean, and how long a step may be. */
import { planarFunctions, rosenbrock, scalableFunctions, styblinskiTang, type TestFunction } from '../../data/index.ts';
import { grad, jit, random, type Tensor, tensor } from '../../engine/index.ts';
import { type Law, laws, lengthFactor } from '../../methods/perturbation/law.ts';
import { scaleByAdam } from '../../optim/index.ts';
import { atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { errorStatistics, forwardGradientAt, meanCosine, meanOf, sphereSteps, tangentLike } from './estimator.ts';

const named = (id: string): TestFunction => [...scalableFunctions, ...planarFunctions].find((f) => f.id === id)!;

const relative = (a: Tensor, b: Tensor): number => {
  const [x, y] = [a.readSync(), b.readSync()];
  return Math.hypot(...Array.from(x, (v, i) => v - y[i]!)) / Math.hypot(...y);
};

const pointOf = (lab: Lab, n: number, i = 0): Tensor => random.normal(lab.key(`point ${n}`, i), [n], { dtype: 'f64' });

/** The largest gap between jvp·v and (g·v)·v on five functions, with g by reverse mode. */
function draws(lab: Lab): number {
  const functions = [named('beale'), named('zakharov'), named('griewank'), rosenbrock, styblinskiTang];
  return Math.max(
    ...functions.flatMap(({ value, isPlanar }, i) =>
      laws.map((law, j) => {
        const x = pointOf(lab, isPlanar ? 2 : 6, i);
        const v = tangentLike(law, lab.key('identity', 10 * i + j), x);
        const along = grad(value)(x).mul(v).sum();
        return along.item() === 0 ? 0 : relative(forwardGradientAt(value, x, v), v.mul(along));
      }),
    ),
  );
}

/** The mean of √n·eᵢ-tangents over all i beside the gradient. */
function fullForwardMode(lab: Lab): number {
  const n = 16;
  const x = pointOf(lab, n);
  const each = Array.from({ length: n }, (_, i) => {
    const v = tensor(
      Array.from({ length: n }, (_, j) => (i === j ? Math.sqrt(n) : 0)),
      { dtype: 'f64' },
    );
    return forwardGradientAt(styblinskiTang.value, x, v);
  });
  return relative(meanOf(each), grad(styblinskiTang.value)(x));
}

/** The largest spread of Adam's second moment over coordinates in 50 steps with signs as tangents. */
function flatSecondMoment(lab: Lab): number {
  const optimizer = scaleByAdam();
  const step = jit((x: Tensor, memory: ReturnType<typeof optimizer.init>, key: Tensor) => {
    const g = forwardGradientAt(styblinskiTang.value, x, tangentLike('rademacher', key, x));
    const [move, next] = optimizer.update(g, memory, { params: x });
    return { x: x.sub((move as Tensor).mul(0.01)), next };
  });
  let x = pointOf(lab, 16);
  let memory = optimizer.init(x);
  let spread = 0;
  for (let t = 0; t < 50; t++) {
    ({ x, next: memory } = step(x, memory, lab.key('adam', t)));
    const second = (memory.square as Tensor).readSync();
    spread = Math.max(spread, Math.max(...second) - Math.min(...second));
  }
  return spread;
}

interface LawError {
  readonly law: Law;
  readonly n: number;
  /** Measured over c − 1, less 1. */
  readonly off: number;
  /** ‖mean − g‖/‖g‖ over 4·√((c − 1)/draws). */
  readonly bias: number;
  /** |cos| over the formula, less 1; for sphere and gaussian. */
  readonly cosine: number;
}

/** Every law at n = 16, and at full scale at n = 128. */
const lawErrors = (lab: Lab): Promise<readonly LawError[]> =>
  lab.once('error law', () =>
    lab.f64(() => {
      const sizes = lab.pick(
        [[16, 50_000]],
        [
          [16, 200_000],
          [128, 50_000],
        ],
      ) as [number, number][];
      const rows = sizes.flatMap(([n, count]) => laws.map((law) => ({ law, n, count })));
      const measured = rows.map(({ law, n, count }, i) => {
        lab.step(`${law}, n = ${n}`, i / rows.length);
        return errorStatistics(styblinskiTang.value, pointOf(lab, n), law, lab.key(`draws ${law} ${n}`), count);
      });
      lab.table(
        'error-law',
        'Relative squared error of one forward gradient by law of tangents, beside c − 1',
        [
          'n',
          'law',
          'draws',
          'measured',
          '± (95 %)',
          'c − 1',
          'bias ‖mean − g‖/‖g‖',
          '4 standard errors',
          'mean |cos|',
        ],
        rows.map(({ law, n, count }, i) => {
          const { error, standardError, bias, cosine } = measured[i]!;
          const c = lengthFactor(law, n);
          return [
            n,
            law,
            count,
            error.toFixed(2),
            (1.96 * standardError).toFixed(2),
            c - 1,
            bias.toFixed(4),
            (4 * Math.sqrt((c - 1) / count)).toFixed(4),
            cosine.toFixed(4),
          ];
        }),
      );
      return rows.map(({ law, n, count }, i) => {
        const c = lengthFactor(law, n);
        const { error, bias, cosine } = measured[i]!;
        const isRound = law === 'sphere' || law === 'gaussian';
        return {
          law,
          n,
          off: error / (c - 1) - 1,
          bias: bias / (4 * Math.sqrt((c - 1) / count)),
          cosine: isRound ? cosine / meanCosine(n) - 1 : 0,
        };
      });
    }),
  );

const worst = async (lab: Lab, what: 'off' | 'bias' | 'cosine'): Promise<number> =>
  Math.max(...(await lawErrors(lab)).map((row) => Math.abs(row[what])));

interface LimitRow {
  readonly law: Law;
  readonly n: number;
  readonly side: 'below' | 'above';
  readonly gap: number;
  readonly shrinking: number;
}

const stepLimits = (lab: Lab): Promise<readonly LimitRow[]> =>
  lab.once('step limit', () => {
    const rows = (['rademacher', 'sphere', 'gaussian'] as const).flatMap((law) =>
      [4, 64, 1024].flatMap((n) => (['below', 'above'] as const).map((side) => ({ law, n, side }))),
    );
    return rows.map(({ law, n, side }, i) => {
      const steps = law === 'gaussian' ? 1000 : lab.pick(100, 1000);
      const rate = (side === 'below' ? 0.99 : 1.01) / n;
      return { law, n, side, ...sphereSteps(n, law, rate, lab.key('step limit', i), steps) };
    });
  });

const limitClaim = (side: LimitRow['side'], sentence: string): Claim => ({
  id: `step-limit-${side}`,
  kind: 'identity',
  sentence,
  published: null,
  unit: 'share of steps',
  threshold: exactly(side === 'below' ? 1 : 0),
  expected: 'holds',
  measure: async (lab) => {
    const shares = (await stepLimits(lab))
      .filter((row) => row.law !== 'gaussian' && row.side === side)
      .map((row) => row.shrinking);
    return side === 'below' ? Math.min(...shares) : Math.max(...shares);
  },
});

const identity = (
  id: string,
  sentence: string,
  limit: number,
  measure: (lab: Lab) => number | Promise<number>,
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  threshold: atMost(limit),
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const lawClaims: readonly Claim[] = [
  identity(
    'slope-times-tangent',
    'A forward gradient is (g·v)·v with g by reverse mode: largest relative difference on five functions and six laws.',
    1e-12,
    draws,
  ),
  identity(
    'one-dimension',
    'In one dimension with signs a forward gradient is the gradient: relative difference.',
    1e-15,
    (lab) => {
      const x = pointOf(lab, 1);
      const v = tangentLike('rademacher', lab.key('sign'), x);
      return relative(forwardGradientAt(styblinskiTang.value, x, v), grad(styblinskiTang.value)(x));
    },
  ),
  identity(
    'full-forward-mode',
    'The mean over all coordinate tangents is the gradient: relative difference, n = 16.',
    1e-14,
    fullForwardMode,
  ),
  identity(
    'adam-second-moment',
    'With signs as tangents Adam’s second moment is one number for all coordinates: largest spread in 50 steps.',
    0,
    flatSecondMoment,
  ),
  {
    id: 'unbiased',
    kind: 'identity',
    sentence: 'Every law is unbiased: largest ‖mean − g‖/‖g‖ over four of its standard errors.',
    published: null,
    unit: '× 4 standard errors',
    threshold: atMost(1),
    expected: 'holds',
    measure: (lab) => worst(lab, 'bias'),
  },
  {
    id: 'error-law',
    kind: 'identity',
    sentence: 'The relative squared error of every law is c − 1: largest relative difference.',
    published: 'n − 1 for tangents of constant length, the least possible',
    unit: '',
    threshold: { quick: atMost(0.04), full: atMost(0.02) },
    expected: 'holds',
    measure: (lab) => worst(lab, 'off'),
  },
  {
    id: 'cosine-law',
    kind: 'identity',
    sentence:
      'The mean |cos| of sphere and gaussian tangents is Γ(n/2)/(√π·Γ((n + 1)/2)): largest relative difference.',
    published: null,
    unit: '',
    threshold: { quick: atMost(0.03), full: atMost(0.015) },
    expected: 'holds',
    measure: (lab) => worst(lab, 'cosine'),
  },
  {
    id: 'step-identity',
    kind: 'identity',
    sentence: 'On ‖x‖² every step obeys ‖x⁺‖² = ‖x‖² − 4η(1 − η‖v‖²)(x·v)²: largest difference over ‖x‖².',
    published: null,
    unit: '',
    threshold: atMost(1e-12),
    expected: 'holds',
    measure: async (lab) => Math.max(...(await stepLimits(lab)).map((row) => row.gap)),
  },
  limitClaim(
    'below',
    'With ‖v‖² = n (signs, sphere) every step at η = 0.99/n shrinks ‖x‖²: least share over n = 4, 64, 1024.',
  ),
  limitClaim(
    'above',
    'With ‖v‖² = n (signs, sphere) no step at η = 1.01/n shrinks ‖x‖²: largest share over n = 4, 64, 1024.',
  ),
  {
    id: 'step-limit-gaussian',
    kind: 'identity',
    sentence:
      'Gaussian tangents have no such limit: the share of steps that shrink stays near one half at either rate, largest distance from ½.',
    published: null,
    unit: '',
    threshold: atMost(0.15),
    expected: 'holds',
    measure: async (lab) =>
      Math.max(
        ...(await stepLimits(lab)).filter((row) => row.law === 'gaussian').map((row) => Math.abs(row.shrinking - 0.5)),
      ),
  },
];

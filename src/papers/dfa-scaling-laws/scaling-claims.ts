/** Checks 4 and 5: the frontier of loss over compute for three rules, its exponents, and whether there is a budget at which DFA's saved compute pays. */
import { type LineSeries, lineChart } from '../../plot/index.ts';
import {
  bootstrapInterval,
  fitPowerLaw,
  interpolateCost,
  logCrossing,
  lossAt,
  lowerEnvelope,
  mean,
  type PowerLaw,
  type SpentPoint,
} from '../../stats/index.ts';
import { above, atLeast, below, type Claim, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type TextRun, textRun, unigramEntropy } from './setting.ts';

const RULES = ['backprop', 'macro', 'shallow'] as const;
type Rule = (typeof RULES)[number];

const SEEDS = [1, 2] as const;
const DEPTH = 2;
const CONTEXT = 48;
const TOKENS = 16 * CONTEXT;
const RATES = { 16: 5e-3, 32: 4e-3, 64: 3e-3 } as const;
type Width = keyof typeof RATES;
const WIDTHS: readonly Width[] = [16, 32, 64];

/** All parameters of the blocks, with biases and norms. */
const sizeOf = (width: number): number => DEPTH * (12 * width * width + 13 * width);

const runOf = (rule: Rule, width: Width, seed: number): TextRun => ({
  ...{ rule, width, seed, depth: DEPTH, context: CONTEXT, rate: RATES[width], schedule: 'constant', steps: 800 },
  logAt: [50, 100, 200, 400, 800],
});

interface Point extends SpentPoint {
  readonly width: number;
}

/** Every logged loss of a rule and seed, at nominal compute: 6·N a token, whatever the rule. */
async function pointsOf(lab: Lab, rule: Rule, seed: number): Promise<readonly Point[]> {
  const points: Point[] = [];
  for (const width of WIDTHS)
    for (const { step, loss } of await textRun(lab, runOf(rule, width, seed)))
      points.push({ width, cost: 6 * sizeOf(width) * TOKENS * step, loss });
  return points;
}

interface Frontier {
  readonly rule: Rule;
  readonly seed: number;
  readonly points: readonly Point[];
  readonly envelope: readonly Point[];
  readonly law: PowerLaw;
}

/** Frontiers and fits of all rules and seeds, with pictures. */
const frontiers = (lab: Lab): Promise<readonly Frontier[]> =>
  lab.once('frontiers', async () => {
    const found: Frontier[] = [];
    for (const seed of SEEDS)
      for (const rule of RULES) {
        const points = await pointsOf(lab, rule, seed);
        const envelope = lowerEnvelope(points);
        found.push({ rule, seed, points, envelope, law: fitPowerLaw(envelope) });
      }
    drawFrontiers(lab, found);
    tableFits(lab, found);
    return found;
  });

const ofRule = async (lab: Lab, rule: Rule): Promise<readonly Frontier[]> =>
  (await frontiers(lab)).filter((one) => one.rule === rule);

const exponent = async (lab: Lab, rule: Rule): Promise<number> =>
  mean((await ofRule(lab, rule)).map(({ law }) => law.exponent));

/** Loss over compute in logarithms, first seed: the measured frontier, and the law through it. */
function drawFrontiers(lab: Lab, all: readonly Frontier[]): void {
  const series = all
    .filter(({ seed }) => seed === SEEDS[0])
    .flatMap(({ rule, envelope, law }): LineSeries[] => [
      { name: rule, points: envelope.map(({ cost, loss }) => ({ x: cost, y: loss })) },
      {
        name: `α = ${law.exponent.toFixed(3)}`,
        points: [envelope[0]!, envelope.at(-1)!].map(({ cost }) => ({ x: cost, y: lossAt(law, cost) })),
      },
    ]);
  const chart = lineChart(series, {
    title: 'Loss over compute: frontier of three sizes, and the power law through it',
    x: { label: 'nominal compute 6·N·tokens', unit: 'FLOP', log: true, format: (v) => v.toExponential(0) },
    y: { label: 'validation loss', unit: 'nats per character', log: true },
    height: 420,
  });
  lab.figure('scaling', 'Widths 16, 32 and 64, logged at 50, 100, 200, 400 and 800 updates; first seed.', chart);
}

function tableFits(lab: Lab, all: readonly Frontier[]): void {
  lab.table(
    'exponents',
    'Power laws L = (C₀/C)^α through the frontier: exponent with 95 % interval from the residuals, explained share, losses after 800 updates for widths 16 / 32 / 64',
    ['rule', 'seed', 'α', 'interval', 'r²', 'losses'],
    all.map(({ rule, seed, law, points }) => [
      rule,
      seed,
      law.exponent.toFixed(4),
      law.interval === null ? '' : law.interval.map((v) => v.toFixed(4)).join(' to '),
      law.r2.toFixed(3),
      WIDTHS.map((width) => points.findLast((p) => p.width === width)!.loss.toFixed(3)).join(' / '),
    ]),
  );
  const intervals = RULES.map((rule) => {
    const own = all.filter((one) => one.rule === rule);
    const { estimate, low, high } = bootstrapInterval(own, (rows) => mean(rows.map(({ law }) => law.exponent)), {
      key: lab.words('bootstrap'),
      method: 'percentile',
    });
    return [rule, estimate.toFixed(4), `${low.toFixed(4)} to ${high.toFixed(4)}`, own.length];
  });
  lab.table(
    'exponents-over-seeds',
    'Mean exponent with a bootstrap interval over seeds',
    ['rule', 'α', '95 %', 'seeds'],
    intervals,
  );
}

/** Share of a backprop step that a DFA step costs: as much, macro taps, a tap at every linear map, a backward pass for nothing. */
const SHARES = [1, 5.5 / 6, 4 / 6, 2 / 6] as const;
/** Budgets from where something is learned to the largest one run, FLOP. */
const BUDGETS = [1.5e10, 3e10, 6e10, 1e11, 2e11, 3.6e11] as const;

/** The smallest lead of backprop at equal true budgets, over budgets, shares and seeds: L_DFA(C/κ) − L_BP(C) by the fits. */
async function smallestLead(lab: Lab, budgets: readonly number[]): Promise<number> {
  const [exact, direct] = [await ofRule(lab, 'backprop'), await ofRule(lab, 'macro')];
  const leads = exact.flatMap(({ law }, i) =>
    SHARES.flatMap((share) => budgets.map((cost) => lossAt(direct[i]!.law, cost / share) - lossAt(law, cost))),
  );
  return Math.min(...leads);
}

/** Share of DFA's largest budget that backprop needs for DFA's best loss, on its own frontier; the largest over seeds. */
async function shareNeeded(lab: Lab): Promise<number> {
  const [exact, direct] = [await ofRule(lab, 'backprop'), await ofRule(lab, 'macro')];
  const shares = direct.map(({ envelope }, i) => {
    const best = envelope.at(-1)!;
    return (interpolateCost(exact[i]!.envelope, best.loss) ?? Number.POSITIVE_INFINITY) / best.cost;
  });
  return Math.max(...shares);
}

/** log₁₀ of the budget at which the laws of DFA and backprop cross; the largest over seeds. */
async function crossing(lab: Lab, share: number): Promise<number> {
  const [exact, direct] = [await ofRule(lab, 'backprop'), await ofRule(lab, 'macro')];
  const at = direct.map(({ law }, i) => (logCrossing(law, exact[i]!.law, share) ?? Number.NaN) / Math.LN10);
  return Math.max(...at);
}

/** log₁₀ of the smallest budget at which any rule is below the entropy of single characters; the smallest over seeds. */
async function learnedFrom(lab: Lab): Promise<number> {
  const entropy = await unigramEntropy(lab);
  const learned = (await frontiers(lab)).flatMap(({ envelope }) => envelope.filter(({ loss }) => loss < entropy));
  return Math.log10(Math.min(...learned.map(({ cost }) => cost)));
}

type Outcome = 'A' | 'B' | 'C' | 'D';

/** Which of the four outcomes the fits of a seed mean: DFA always better, better at scale, worse at scale, always worse. */
function letter(direct: PowerLaw, exact: PowerLaw, share: number, fromLog10: number): Outcome {
  const crossing = (logCrossing(direct, exact, share) ?? Number.NEGATIVE_INFINITY) / Math.LN10;
  const isBefore = crossing < fromLog10;
  if (direct.exponent < exact.exponent) return isBefore ? 'D' : 'C';
  return isBefore ? 'A' : 'B';
}

/** Seeds and shares of cost whose outcome is D; all of them as a table. */
async function outcomes(lab: Lab): Promise<number> {
  const from = await learnedFrom(lab);
  const [exact, direct] = [await ofRule(lab, 'backprop'), await ofRule(lab, 'macro')];
  const rows = direct.flatMap(({ law, seed }, i) =>
    SHARES.map((share) => {
      const other = exact[i]!.law;
      const at = (logCrossing(law, other, share) ?? Number.NaN) / Math.LN10;
      const lead = lossAt(law, 1e11 / share) - lossAt(other, 1e11);
      return [seed, share.toFixed(3), at.toFixed(2), letter(law, other, share, from), lead.toFixed(3)];
    }),
  );
  lab.table(
    'outcomes',
    `Cost of a DFA step over one of backprop, log₁₀ of the budget at which the laws cross (anything is learned from 10^${from.toFixed(2)} FLOP), the outcome, and backprop's lead at 1e11 FLOP`,
    ['seed', 'share of cost', 'log₁₀ C*', 'outcome', 'lead'],
    rows,
  );
  return rows.filter((row) => row[3] === 'D').length / rows.length;
}

const claim = (
  id: string,
  sentence: string,
  {
    unit,
    threshold,
    published = null,
    kind = 'learning',
    why,
  }: { unit: string; threshold: Threshold; published?: Claim['published']; kind?: Claim['kind']; why?: string },
  measure: Claim['measure'],
): Claim => ({
  ...{ id, kind, sentence, published, unit, threshold, expected: 'holds', scales: ['full'], measure },
  ...(why === undefined ? {} : { why }),
});

const notOurs =
  'Exponents of small character models are not those of web text; the order and the ratios are the claim.';

const exponentClaims = (Object.entries({ backprop: 0.071, macro: 0.04, shallow: 0.019 }) as [Rule, number][]).map(
  ([rule, published]) =>
    claim(
      `exponent-${rule}`,
      `Exponent of the compute frontier under ${rule === 'macro' ? 'DFA with macro taps' : rule}: mean over two seeds.`,
      { unit: '', threshold: above(0), published, kind: 'report', why: notOurs },
      (lab) => exponent(lab, rule),
    ),
);

export const scalingClaims: readonly Claim[] = [
  ...exponentClaims,
  claim(
    'exponent-ratio-backprop',
    "Backprop's loss falls faster with compute than DFA's: ratio of the exponents of the frontiers.",
    { unit: '×', threshold: atLeast(1.5), published: 1.775 },
    async (lab) => (await exponent(lab, 'backprop')) / (await exponent(lab, 'macro')),
  ),
  claim(
    'exponent-ratio-shallow',
    "DFA's falls faster than that of shallow training: ratio of the exponents.",
    { unit: '×', threshold: atLeast(1.5), published: 2.105 },
    async (lab) => (await exponent(lab, 'macro')) / (await exponent(lab, 'shallow')),
  ),
  claim(
    'lead',
    'At every budget from 1.5e10 to 3.6e11 FLOP backprop leads, even where a DFA step costs a third of one of backprop: smallest lead over budgets, four shares of cost and seeds.',
    { unit: 'nats', threshold: above(0.4) },
    (lab) => smallestLead(lab, BUDGETS),
  ),
  claim(
    'lead-small',
    'At 3e9 FLOP, where little has been learned, it leads too.',
    { unit: 'nats', threshold: above(0.15) },
    (lab) => smallestLead(lab, [3e9]),
  ),
  claim(
    'budget-needed',
    "Share of DFA's largest budget that backprop needs to reach DFA's best loss; the largest over seeds.",
    { unit: '× budget', threshold: below(1 / 20) },
    shareNeeded,
  ),
  ...([1, 2 / 6] as const).map((share, i) =>
    claim(
      `crossing-${i === 0 ? 'equal' : 'free-backward'}`,
      `The laws cross below every budget at which anything is learned, where a DFA step costs ${i === 0 ? 'as much as one of backprop' : 'a third of it'}: log₁₀ of the crossing less that of the first such budget.`,
      { unit: 'decades', threshold: below(0) },
      async (lab) => (await crossing(lab, share)) - (await learnedFrom(lab)),
    ),
  ),
  claim(
    'outcome',
    'There is no regime where DFA pays: share of seeds and costs whose outcome is D, backprop always better.',
    { unit: '', threshold: atLeast(1), published: 'D' },
    outcomes,
  ),
];

/** Check 3: what the four rules reach on a Transformer, how that depends on the start, on the learning rate, and how credit is aligned block by block. */
import { type LineSeries, lineChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { above, below, type Claim, type PerScale, type Scale, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type LoggedPoint, lossAfter, type RuleName, type Start, type TextRun, textRun } from './setting.ts';

const RULES = ['backprop', 'macro', 'micro', 'shallow'] as const;

const full = (rule: RuleName, seed: number, start: Start = 'standard'): TextRun => ({
  ...{ rule, seed, start, width: 32, depth: 3, context: 64, rate: 3e-3, schedule: 'cosine', steps: 400 },
  logAt: [25, 50, 100, 150, 200, 300, 400],
  withAngles: seed === 1 && start === 'standard' && (rule === 'macro' || rule === 'micro'),
});

const quick = (rule: RuleName): TextRun => ({
  ...{ rule, seed: 1, width: 16, depth: 2, context: 32, rate: 5e-3, schedule: 'constant', steps: 300 },
  logAt: [50, 100, 200, 300],
});

/** Runs of a rule: one for quick, three seeds for full. */
const runsOf = (lab: Lab, rule: RuleName): readonly TextRun[] =>
  lab.pick(
    [quick(rule)],
    [1, 2, 3].map((seed) => full(rule, seed)),
  );

/** Mean loss at the end over seeds. */
async function endOf(lab: Lab, rule: RuleName): Promise<number> {
  const losses: number[] = [];
  for (const run of runsOf(lab, rule)) losses.push(await lossAfter(lab, run));
  return mean(losses);
}

const gap = async (lab: Lab, worse: RuleName, better: RuleName): Promise<number> =>
  (await endOf(lab, worse)) - (await endOf(lab, better));

/** Learning curves as a picture, and the losses at the end as a table. */
async function pictured(lab: Lab): Promise<void> {
  const rules = lab.pick<readonly RuleName[]>(['backprop', 'macro', 'shallow'], RULES);
  const series: LineSeries[] = [];
  const rows: (string | number)[][] = [];
  for (const rule of rules) {
    const logs: (readonly LoggedPoint[])[] = [];
    for (const run of runsOf(lab, rule)) logs.push(await textRun(lab, run));
    series.push({
      name: rule,
      points: logs[0]!.map(({ step }, i) =>
        pointOf(
          step,
          logs.map((log) => log[i]!.loss),
        ),
      ),
    });
    rows.push([rule, ...logs.map((log) => log.at(-1)!.loss.toFixed(3))]);
  }
  const { width, depth, context } = runsOf(lab, 'backprop')[0]!;
  const title = `Loss on tiny-shakespeare, ${depth} blocks of ${width}, windows of ${context}`;
  const x = { label: 'updates' };
  const y = { label: 'validation loss', unit: 'nats per character' };
  lab.figure('learning-curves', 'Mean over seeds, with the lowest and highest.', lineChart(series, { title, x, y }));
  const seeds = runsOf(lab, 'backprop').map(({ seed }) => `seed ${seed}`);
  lab.table('final-losses', 'Validation loss at the end (nats per character)', ['rule', ...seeds], rows);
}

const pointOf = (x: number, ys: readonly number[]) => ({ x, y: mean(ys), low: Math.min(...ys), high: Math.max(...ys) });

/** Angles to the gradient, degrees, by block; of the first seed. */
const anglesOf = (lab: Lab, rule: 'macro' | 'micro') =>
  lab.once(`angles ${rule}`, async () => {
    const log = await textRun(lab, full(rule, 1));
    const perBlock = log.map(({ step, quality }) => ({ step, angles: quality!.angleDeg.slice(2, 5) }));
    const series = [0, 1, 2].map((k) => ({
      name: `block ${k}`,
      points: perBlock.map(({ step, angles }) => ({ x: step, y: angles[k] ?? null })),
    }));
    const title = `Angle between credit and gradient, ${rule} taps`;
    const caption = 'Degrees, by block from the embeddings, on the batch of the step; 90 is no alignment.';
    const axes = { x: { label: 'updates' }, y: { label: 'angle', unit: 'degrees' } };
    lab.figure(`angles-${rule}`, caption, lineChart(series, { title, ...axes, reference: 90 }));
    return perBlock;
  });

/** The largest angle of a block, mean over the second half of training. */
async function worstAngle(lab: Lab, rule: 'macro' | 'micro'): Promise<number> {
  const late = (await anglesOf(lab, rule)).filter(({ step }) => step >= 200);
  return Math.max(...[0, 1, 2].map((k) => mean(late.map(({ angles }) => angles[k] ?? 90))));
}

const RATES = [1.25e-3, 2.5e-3, 5e-3, 1e-2, 2e-2] as const;

/** Each rule at the best of the same five learning rates, chosen on held-out training text in one run each; mean of two other seeds on the validation text. */
const tuned = (lab: Lab): Promise<Readonly<Record<RuleName, number>>> =>
  lab.once('tuned', async () => {
    const ends: Partial<Record<RuleName, number>> = {};
    const rows: (string | number)[][] = [];
    for (const rule of RULES) {
      const trials: number[] = [];
      const at = (rate: number, seed: number): TextRun => ({ ...quick(rule), rate, seed, logAt: [300] });
      for (const rate of RATES) trials.push(await lossAfter(lab, { ...at(rate, 11), isTrial: true }));
      const rate = RATES[trials.indexOf(Math.min(...trials))]!;
      ends[rule] = mean([await lossAfter(lab, at(rate, 12)), await lossAfter(lab, at(rate, 13))]);
      rows.push([rule, ...trials.map((loss) => loss.toFixed(3)), rate, ends[rule]!.toFixed(3)]);
    }
    const caption =
      'Loss on held-out training text by learning rate, the best rate, and the validation loss with it (two seeds): 2 blocks of 16, windows of 32, 300 updates';
    lab.table('tuned', caption, ['rule', ...RATES.map(String), 'best', 'validation'], rows);
    return ends as Record<RuleName, number>;
  });

interface Rest {
  readonly scales?: readonly Scale[];
  readonly expected?: Claim['expected'];
  readonly why?: string;
  readonly published?: Claim['published'];
}

const claim = (
  id: string,
  sentence: string,
  threshold: PerScale<Threshold>,
  measure: Claim['measure'],
  rest: Rest = {},
): Claim => ({
  ...{ id, kind: 'learning', sentence, published: null, unit: 'nats', threshold, expected: 'holds', measure },
  ...rest,
});

const fullOnly = { scales: ['full'] } as const;
const shape =
  '3 blocks of 32, windows of 64, 400 updates, mean of 3 seeds; quick: 2 blocks of 16, windows of 32, 300 updates, one seed';

interface StartClaims {
  readonly start: 'small' | 'wide';
  readonly what: string;
  readonly backprop: Rest;
  readonly shallow: Rest;
}

const startClaims = ({ start, what, backprop, shallow }: StartClaims): Claim[] => [
  claim(
    `start-${start}-backprop`,
    `${what}: backprop stays ahead of macro, loss of macro less that of backprop, one seed.`,
    above(0.6),
    async (lab) => (await lossAfter(lab, full('macro', 1, start))) - (await lossAfter(lab, full('backprop', 1, start))),
    { ...fullOnly, ...backprop },
  ),
  claim(
    `start-${start}-shallow`,
    `${what}: shallow training beats macro, loss of macro less that of shallow, one seed.`,
    above(0),
    async (lab) => (await lossAfter(lab, full('macro', 1, start))) - (await lossAfter(lab, full('shallow', 1, start))),
    { ...fullOnly, ...shallow },
  ),
];

const overwritten =
  'The frozen stream still carries the identity of the token to the head, and DFA overwrites it: that DFA beats shallow training depends on the start.';
const bySeed =
  'From this start macro depends on the draw of B: 2.81, 2.96 and 3.05 for three seeds, beside 2.47 of backprop and 2.95 and 2.88 of shallow training; a prototype had 3.20, 2.48 and 2.98 for its one seed. Backprop leads by more than 0.3 in each.';
const unlike = { expected: 'not reproduced', why: bySeed } as const;

export const transformerClaims: readonly Claim[] = [
  claim(
    'macro-behind-backprop',
    `On a Transformer DFA falls behind: loss of macro less that of backprop (${shape}).`,
    { quick: above(0.4), full: above(0.3) },
    async (lab) => {
      const measured = await gap(lab, 'macro', 'backprop');
      await pictured(lab);
      return measured;
    },
  ),
  claim(
    'micro-behind-macro',
    'More taps are worse: loss of micro less that of macro.',
    above(0.03),
    (lab) => gap(lab, 'micro', 'macro'),
    fullOnly,
  ),
  claim(
    'shallow-behind-dfa',
    'From this start DFA does assign some credit: loss of shallow training less that of micro (quick: of macro).',
    { quick: above(0), full: above(0.05) },
    (lab) => gap(lab, 'shallow', lab.pick('macro', 'micro')),
  ),
  ...startClaims({
    start: 'small',
    what: 'With all weights from N(0, 0.02²)',
    backprop: {},
    shallow: { why: overwritten },
  }),
  ...startClaims({ start: 'wide', what: 'With embeddings from N(0, 1)', backprop: unlike, shallow: unlike }),
  claim(
    'tuned-macro-behind-backprop',
    'With five learning rates tried for each rule backprop is still ahead: loss of macro less that of backprop (2 blocks of 16).',
    above(0.4),
    async (lab) => (await tuned(lab)).macro - (await tuned(lab)).backprop,
    fullOnly,
  ),
  claim(
    'tuned-micro-behind-backprop',
    'The same for micro.',
    above(0.4),
    async (lab) => (await tuned(lab)).micro - (await tuned(lab)).backprop,
    fullOnly,
  ),
  ...(['macro', 'micro'] as const).map(
    (rule): Claim => ({
      ...claim(
        `angle-${rule}`,
        `Credit of every block lies within 90° of the gradient under ${rule} taps: the largest angle, mean over the second half of training.`,
        below(90),
        (lab) => worstAngle(lab, rule),
        fullOnly,
      ),
      kind: 'report',
      unit: '°',
    }),
  ),
];

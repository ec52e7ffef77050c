/** Check 4: whether the class is still there in depth, measured by the goodness of the last of four hidden layers. */
import { loader } from '../../data/index.ts';
import { oneHot, sliceAxis } from '../../engine/index.ts';
import { wrongClasses } from '../../methods/forward-forward/contrast.ts';
import { type LabelCode, settingsOf } from '../../methods/forward-forward/options.ts';
import { activities, goodnessOf, labelled, type StackState } from '../../methods/forward-forward/stack.ts';
import { numbersOf } from '../../methods/testing/cases.ts';
import { toTensors } from '../../nn/index.ts';
import { mean, rocAuc } from '../../stats/index.ts';
import { atLeast, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { trained } from './setting.ts';

const LABELS: readonly LabelCode[] = ['overlay', 'icp-input', 'icp-every-layer'];
const SEEDS = [0, 1, 2];

interface Separation {
  readonly label: LabelCode;
  readonly seed: number;
  /** How well goodness tells true from wrong classes across images. */
  readonly auc: number;
  /** Share of images whose true class has the larger goodness. */
  readonly pairs: number;
  readonly error: number;
}

async function separation(lab: Lab, label: LabelCode, seed: number): Promise<Separation> {
  const { errors, model, state, task } = await trained(lab, { by: 'symba', label, seed, size: 'deep', epochs: 4 });
  const rows = loader({ set: task.test, batch: task.test.n, normaliser: task.normaliser });
  const { x, y } = toTensors(rows.batchAt({ epoch: 0, step: 0 }));
  const settings = settingsOf('symba', { label });
  const stack = { model, modelState: state.modelState, state: state.rule as StackState, settings, call: {} };
  const of = (classes: typeof y): number[] => {
    const all = activities(stack, state.params, labelled(stack, x, oneHot(classes, 10)));
    return numbersOf(goodnessOf(all.at(-1)!, settings));
  };
  const good = of(y);
  const bad = of(wrongClasses(lab.key('wrong test classes', seed), sliceAxis(y, 0, 0), 10));
  const auc = rocAuc([...good.map(() => 1), ...bad.map(() => 0)], [...good, ...bad]);
  return { label, seed, auc, pairs: mean(good.map((g, i) => (g > bad[i]! ? 1 : 0))), error: errors.at(-1)! };
}

const separations = (lab: Lab): Promise<readonly Separation[]> =>
  lab.once('separation', async () => {
    const found: Separation[] = [];
    for (const label of LABELS) for (const seed of SEEDS) found.push(await separation(lab, label, seed));
    lab.table(
      'depth',
      'Goodness of the last of four hidden layers of 200 after four epochs on 5,000 images, true against wrong classes on 1,000 test images',
      ['labels', 'seed', 'AUC', 'pairs in order', 'test error %'],
      found.map((s) => [s.label, s.seed, s.auc.toFixed(2), s.pairs.toFixed(2), s.error.toFixed(1)]),
    );
    return found;
  });

const meanOf = async (lab: Lab, label: LabelCode, of: 'auc' | 'pairs'): Promise<number> =>
  mean((await separations(lab)).filter((s) => s.label === label).map((s) => s[of]));

const lead = async (lab: Lab, label: LabelCode, of: 'auc' | 'pairs'): Promise<number> =>
  (await meanOf(lab, label, of)) - (await meanOf(lab, 'overlay', of));

const claim = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: Claim['measure'],
  rest: Partial<Claim> = {},
): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: 'the class survives the stack',
  unit: '',
  threshold,
  expected: 'holds',
  scales: ['full'],
  measure,
  ...rest,
});

export const patternClaims: readonly Claim[] = [
  claim(
    'depth-auc-input',
    'In the last of four layers a pattern beside the input tells classes apart better than an overlay: difference of the areas under the ROC curve, mean of three seeds.',
    atLeast(0.15),
    (lab) => lead(lab, 'icp-input', 'auc'),
  ),
  claim('depth-auc-every-layer', 'The same with a pattern beside every layer.', atLeast(0.15), (lab) =>
    lead(lab, 'icp-every-layer', 'auc'),
  ),
  claim(
    'depth-pairs-input',
    'With a pattern beside the input more pairs are in order there than with an overlay: difference of the shares.',
    atLeast(0.08),
    (lab) => lead(lab, 'icp-input', 'pairs'),
  ),
  claim(
    'every-layer-over-input',
    'A pattern beside every layer keeps more pairs in order than one beside the input alone: difference of the shares.',
    atLeast(0),
    async (lab) => (await meanOf(lab, 'icp-every-layer', 'pairs')) - (await meanOf(lab, 'icp-input', 'pairs')),
    {
      kind: 'report',
      expected: 'not reproduced',
      why: 'Both prototypes found the contrary: what is needed is that the class enters with enough energy, not that it is repeated.',
    },
  ),
];

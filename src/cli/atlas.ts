/** `atlas`: every rule on every data set, tuned equally; and what a step of each costs. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { factories, idNamed, learners } from '../methods/index.ts';
import { atlasModels } from '../run/atlas/placement.ts';
import { useEngine } from '../run/engine-settings.ts';
import { measureCosts } from './atlas-costs.ts';
import { measureTasks } from './atlas-tasks.ts';
import { above, budget, choice, flag, names, whole } from './fields.ts';
import { Interrupted } from './interrupt.ts';
import { engineOf } from './learning.ts';
import { defineVerb, engineOptions, preset } from './verb.ts';

const options = {
  tasks: preset('--tasks <list>', 'data sets (default digits,mnist,fashion-mnist,cifar10)', names(), [
    'digits',
    'mnist',
    'fashion-mnist',
    'cifar10',
  ]),
  rules: preset('--rules <list>', 'rules and learners, or all (the default); `list rules` names them', names(), [
    'all',
  ]),
  models: preset(
    '--models <list>',
    `models; each rule runs on the first that it supports (default ${atlasModels.join(',')})`,
    names(),
    [...atlasModels],
  ),
  budget: preset('--budget <amount>', 'of every fit, trials too (default 10000samples)', budget(), {
    kind: 'samples',
    value: 10_000,
  }),
  trials: preset(
    '--trials <n>',
    'learning rates tried for each rule, on held-out training rows (default 11)',
    whole(1),
    11,
  ),
  seeds: preset('--seeds <n>', 'runs with the best rate; more may be asked for later (default 3)', whole(1), 3),
  trainRows: preset('--train-rows <n>', 'at most so many training rows, the first (default 10000)', whole(1), 10_000),
  testRows: preset('--test-rows <n>', 'the same for test rows (default 2000)', whole(1), 2000),
  batch: preset('--batch <n>', 'rows per update (default 32)', whole(1), 32),
  points: preset('--points <n>', 'measurements along a run (default 8)', whole(1), 8),
  probe: preset('--probe <rows>', 'rows on which credit is compared with the gradient (default 200)', whole(), 200),
  most: preset(
    '--most <n>',
    "times the FLOPs of backprop's fit that a fit may take; what is dearer sees fewer samples (default 8)",
    above(0),
    8,
  ),
  again: preset('--again <list>', 'rules to measure again: what is kept of them is dropped', names(), []),
  costs: preset('--costs', 'measure only what a step costs, beside backprop', flag(), false),
  rounds: preset('--rounds <n>', 'rounds of --costs, each timing everything twice (default 15)', whole(2), 15),
  clock: preset(
    '--clock <name>',
    'of --costs: wall, or cpu for a busy machine: the time that the thread was computing (default wall)',
    choice('wall', 'cpu'),
    'wall',
  ),
  ...engineOptions,
} as const;

export const atlasVerb = defineVerb({
  name: 'atlas',
  summary: 'measure every rule on every data set, tuned equally, and what its steps cost',
  options,
  examples: [
    ['cotangent atlas', 'everything; the same command goes on where it was interrupted'],
    ['cotangent atlas --tasks digits --rules dfa,ep,il --out runs/three', 'three rules beside backprop'],
    ['cotangent atlas --costs', 'time and FLOPs of a step of every rule, as ratios to backprop'],
  ],
  async run(call) {
    const { values, ui, io } = call;
    useEngine(engineOf(values));
    const rules = rulesOf(values.rules);
    const again = values.again.map(idNamed);
    const folder = values.out ?? 'runs/atlas';
    await mkdir(resolve(io.cwd, folder), { recursive: true });
    const work = values.costs ? measureCosts : measureTasks;
    const path = await call.interruptible((signal) =>
      work({ ...values, rules, again, folder, io, ui }, signal).catch((error: unknown) => {
        throw error instanceof Interrupted && !values.costs ? new Interrupted(RESUME) : error;
      }),
    );
    ui.close();
    ui.say(`\n${path}`);
    return 0;
  },
});

const RESUME = 'what was measured is kept: the same command goes on';

const rulesOf = (asked: readonly string[]): string[] => [
  ...new Set(
    asked.flatMap((name) => (name === 'all' ? [...Object.keys(factories), ...Object.keys(learners)] : [idNamed(name)])),
  ),
];

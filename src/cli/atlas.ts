/** `atlas`: every rule on every data set, tuned equally; and what a step of each costs. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { factories, idNamed, learners } from '../methods/index.ts';
import { atlasModels } from '../run/atlas/placement.ts';
import { useEngine } from '../run/engine-settings.ts';
import { measureCosts } from './atlas-costs.ts';
import { choice, flag, names, whole } from './fields.ts';
import { engineOf } from './learning.ts';
import { defineVerb, engineOptions, preset } from './verb.ts';

const options = {
  rules: preset('--rules <list>', 'rules and learners, or all (the default); `list rules` names them', names(), [
    'all',
  ]),
  models: preset(
    '--models <list>',
    `models; each rule runs on the first that it supports (default ${atlasModels.join(',')})`,
    names(),
    [...atlasModels],
  ),
  batch: preset('--batch <n>', 'rows per update (default 32)', whole(1), 32),
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
  examples: [['cotangent atlas --costs', 'time and FLOPs of a step of every rule, as ratios to backprop']],
  async run(call) {
    const { values, ui, io } = call;
    useEngine(engineOf(values));
    const rules = rulesOf(values.rules);
    const folder = values.out ?? 'runs/atlas';
    await mkdir(resolve(io.cwd, folder), { recursive: true });
    const { models, batch, clock, rounds, json } = values;
    const path = await call.interruptible((signal) =>
      measureCosts({ rules, models, batch, clock, rounds, json, folder, io, ui }, signal),
    );
    ui.say(`\n${path}`);
    return 0;
  },
});

const rulesOf = (asked: readonly string[]): string[] => [
  ...new Set(
    asked.flatMap((name) => (name === 'all' ? [...Object.keys(factories), ...Object.keys(learners)] : [idNamed(name)])),
  ),
];

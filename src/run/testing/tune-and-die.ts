/** For a test, as a program: tunes into a file and, where a number is given, kills itself in the middle of the trial after as many. */
import { loadDataset } from '../../data/index.ts';
import { keyFrom } from '../../engine/threefry.ts';
import { backprop } from '../../methods/backprop.ts';
import { dense, model } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { ruleCandidate } from '../rule-candidate.ts';
import { logScale } from '../space.ts';
import { taskOf } from '../task.ts';
import { fileTrials } from '../trials.ts';
import { type Candidate, tune } from '../tuner.ts';

const [path, dieAfter] = process.argv.slice(2) as [string, string];
const task = taskOf(await loadDataset('two-moons', { train: 120, test: 40 }));
const setting = {
  model: model([2], [dense({ units: 4, activation: 'tanh' }), dense({ units: 2 })]),
  batch: 12,
  optimizer: (learningRate: number) => sgd({ learningRate }),
};
const plain = ruleCandidate({ rule: () => backprop(), space: { learningRate: logScale(1e-2, 1) } }, setting);

let fits = 0;
/** The same candidate; one of its fits dies after three updates. */
const mortal: Candidate = {
  ...plain,
  make(hyper, about) {
    const learner = plain.make(hyper, about);
    return {
      ...learner,
      async *fit(call) {
        const isLast = Number(dieAfter) > 0 && ++fits > Number(dieAfter);
        for await (const event of learner.fit(call)) {
          if (isLast && event.counters.step === 3) process.kill(process.pid, 'SIGKILL');
          yield event;
        }
      },
    };
  },
};

const budget = { kind: 'epochs', value: 2 } as const;
const found = await tune({ task, learners: [mortal], trials: 4, budget, key: keyFrom(9), store: fileTrials(path) });
process.stdout.write(JSON.stringify(found, (name, value) => (name === 'seconds' ? 0 : value)));

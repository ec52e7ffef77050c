/** Check 6: one top-down network evolved on three tasks in turn, and used on tasks that it never saw. */
import { mean } from '../../stats/index.ts';
import { atLeast, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { bestOf, evolved, judgeBackprop, judgeTopDown, type Problem, shapeFor, tableProblem } from './setting.ts';

const SEEN = ['pmlb/monk1', 'pmlb/mux6', 'wdbc'];
const UNSEEN = ['pmlb/heart-statlog', 'pmlb/australian', 'pmlb/banana', 'pmlb/tic-tac-toe'];
const STARTS = 100;

interface Row {
  readonly set: string;
  readonly topDown: number;
  readonly backprop: number;
}

const transfer = (lab: Lab): Promise<readonly Row[]> =>
  lab.once('transfer', async () => {
    const shape = shapeFor(1, 16, 4);
    const load = (set: string): Promise<Problem> => tableProblem(lab, set, 16, 60);
    const problems = await Promise.all(SEEN.map(load));
    const psi = await evolved(lab, 'three tasks', { shape, problems, generations: 300, starts: 2, seed: 0 });
    const rows: Row[] = [];
    for (const set of [...SEEN, ...UNSEEN]) {
      const problem = await load(set);
      const topDown = judgeTopDown(lab, problem, psi, shape, STARTS).accuracy;
      rows.push({ set, topDown, backprop: bestOf(await judgeBackprop(lab, problem, STARTS), 'accuracy') });
    }
    lab.table(
      'transfer',
      'Test accuracy of one top-down network evolved on monk1, mux6 and wdbc in turn (16 hidden neurons, 4 sources, 60 updates, 100 fresh starts); backprop tuned for each set',
      ['set', 'evolved on it', 'top-down', 'backprop'],
      rows.map((r) => [r.set, SEEN.includes(r.set) ? 'yes' : 'no', r.topDown.toFixed(3), r.backprop.toFixed(3)]),
    );
    return rows;
  });

export const transferClaims: readonly Claim[] = [
  {
    id: 'transfer',
    kind: 'report',
    sentence:
      'A top-down network evolved on three tasks beats a tuned backprop on four others: mean difference of the test accuracies.',
    published: 'generalises to unseen tasks',
    unit: 'accuracy',
    threshold: atLeast(0),
    expected: 'not reproduced',
    why: 'The rule carries over without tuning, and then loses to a backprop that is tuned for every set.',
    scales: ['full'],
    measure: async (lab) => {
      const unseen = (await transfer(lab)).filter(({ set }) => UNSEEN.includes(set));
      return mean(unseen.map((r) => r.topDown - r.backprop));
    },
  },
];

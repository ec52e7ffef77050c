/** The tasks of this paper as lessons, top-down networks evolved on them, and both judged on fresh starts. */
import { loadDataset, loader, type Part } from '../../data/index.ts';
import { fromArray, oneHot, reshape, type Tensor, tensor } from '../../engine/index.ts';
import { breathe } from '../../methods/breathe.ts';
import { backpropCredits } from '../../methods/top-down/bottom-up.ts';
import { evolveTopDown, judge, type Lesson, type Rows } from '../../methods/top-down/evolve.ts';
import { type TopDownShape, topDownCredits } from '../../methods/top-down/top-down.ts';
import { taskOf } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import type { Lab } from '../ledger/lab.ts';

/** Starts that nobody trained on. */
export const STARTS = 200;
const POPULATION = 48;
/** Learning rates that backprop is given: ten from 0.3 to 10 in equal ratios. */
export const RATES = Array.from({ length: 10 }, (_, i) => 0.3 * (100 / 3) ** (i / 9));

export interface Problem {
  readonly name: string;
  readonly lesson: Lesson;
  readonly test: Rows;
}

/** XOR of ±1 on 2-2-1, all four patterns in every update. */
export function xorProblem(): Problem {
  const rows = {
    x: tensor([
      [-1, -1],
      [-1, 1],
      [1, -1],
      [1, 1],
    ]),
    t: tensor([[0], [1], [1], [0]]),
  };
  return { name: 'XOR', lesson: { rows, widths: [2, 2, 1], steps: 100, batch: 'full' }, test: rows };
}

/** A stored data set with one hidden layer, standardised, split 70/30 by class. */
export const tableProblem = (lab: Lab, set: string, hidden: number, steps: number): Promise<Problem> =>
  lab.once(`problem ${set} ${hidden} ${steps}`, async () => {
    const task = taskOf(await loadDataset(set));
    const outputs = task.outputs === 2 ? 1 : task.outputs;
    const all = (part: Part, most: number): Rows => {
      const key = most < part.n ? { key: lab.words('rows') } : {};
      const host = loader({ set: part, batch: Math.min(most, part.n), normaliser: task.normaliser, ...key }).batchAt({
        epoch: 0,
        step: 0,
      });
      const x = reshape(fromArray(host.x, host.xShape, 'f32'), [host.indices.length, -1]);
      const labels = fromArray(Int32Array.from(host.y), [host.indices.length], 'i32');
      return { x, t: outputs === 1 ? labels.cast('f32').expandDims(1) : oneHot(labels, outputs) };
    };
    const rows = all(task.train, 500);
    const widths = [rows.x.shape[1]!, hidden, outputs];
    return { name: set, lesson: { rows, widths, steps, batch: 16 }, test: all(task.test, 1e6) };
  });

export const shapeFor = (outputs: number, hidden: number, sources: number, observeHidden = false): TopDownShape => ({
  outputs,
  hidden: [hidden],
  sources: [sources],
  observeHidden,
  units: 8,
});

export interface Evolution {
  readonly shape: TopDownShape;
  readonly problems: readonly Problem[];
  readonly generations: number;
  readonly starts: number;
  readonly seed: number;
}

/** ψ after a search; the last one, nothing is selected. */
export const evolved = (lab: Lab, what: string, e: Evolution): Promise<Tensor> =>
  lab.once(`ψ ${what} ${e.seed}`, () =>
    evolveTopDown({
      shape: e.shape,
      lessons: e.problems.map(({ lesson }) => lesson),
      generations: e.generations,
      starts: e.starts,
      population: POPULATION,
      key: lab.key(`search ${what}`, e.seed),
      onGeneration: async (g) => {
        lab.step(`evolving on ${what}, seed ${e.seed}`, g / e.generations);
        await breathe();
      },
    }),
  );

/** Updates of bottom-up networks in a search. */
export const innerSteps = ({ problems, generations, starts }: Omit<Evolution, 'seed' | 'shape'>): number =>
  POPULATION * starts * generations * mean(problems.map(({ lesson }) => lesson.steps));

/** Means over fresh starts. */
export interface Score {
  readonly accuracy: number;
  readonly trainLoss: number;
  /** Share of starts with every test row right. */
  readonly solved: number;
}

function scoresOf(accuracy: readonly number[], trainLoss: readonly number[]): Score {
  return {
    accuracy: mean(accuracy),
    trainLoss: mean(trainLoss),
    solved: mean(accuracy.map((a) => (a === 1 ? 1 : 0))),
  };
}

/** A frozen top-down network on fresh starts. */
export function judgeTopDown(
  lab: Lab,
  { name, lesson, test }: Problem,
  psi: Tensor,
  shape: TopDownShape,
  starts = STARTS,
): Score {
  const source = topDownCredits(reshape(psi, [1, -1]), shape);
  const found = judge({ lesson, test, lead: [1, starts], source, key: lab.key(`judge ${name}`) });
  return scoresOf([...found.accuracy.readSync()], [...found.trainLoss.readSync()]);
}

/** Backprop on the same starts and batches at every rate. */
export const judgeBackprop = (lab: Lab, { name, lesson, test }: Problem, starts = STARTS): Promise<readonly Score[]> =>
  lab.once(`backprop ${name} ${lesson.widths} ${lesson.steps} ${starts}`, () => {
    const rate = tensor(RATES).reshape([RATES.length, 1, 1, 1]);
    const lead = [RATES.length, starts] as const;
    const found = judge({ lesson, test, lead, source: backpropCredits, key: lab.key(`judge ${name}`), rate });
    const [accuracy, trainLoss] = [[...found.accuracy.readSync()], [...found.trainLoss.readSync()]];
    const row = (xs: readonly number[], r: number): number[] => xs.slice(r * starts, (r + 1) * starts);
    return RATES.map((_, r) => scoresOf(row(accuracy, r), row(trainLoss, r)));
  });

/** Backprop’s best, which favours it: the rate is chosen by what is measured. */
export const bestOf = (scores: readonly Score[], of: 'accuracy' | 'solved'): number =>
  Math.max(...scores.map((s) => s[of]));

export const seedsOf = (lab: Lab): readonly number[] => lab.pick([0], [0, 1, 2]);

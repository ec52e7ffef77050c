/** The tuner on learners whose best hyper-parameters are known, and on real rules: equal trials, held-out rows, resumption bit for bit. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../data/index.ts';
import { tensor } from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { directFeedbackAlignment } from '../methods/direct-feedback-alignment.ts';
import type { FitCall, Learner } from '../methods/learner.ts';
import { dense, model } from '../nn/index.ts';
import { sgd } from '../optim/index.ts';
import { ruleCandidate } from './rule-candidate.ts';
import { linearScale, logScale } from './space.ts';
import { type Task, taskOf } from './task.ts';
import { fileTrials, memoryTrials, ranked, type TrialRecord } from './trials.ts';
import { againstBackprop } from './tuned.ts';
import { type Candidate, studyOf, tune } from './tuner.ts';

let task: Task;
beforeAll(async () => {
  task = taskOf(await loadDataset('two-moons', { train: 120, test: 40 }));
});

const key = keyFrom(4);
const budget = { kind: 'epochs', value: 1 } as const;

/** A learner that is no gradient method: it answers with a margin that is largest where x is nearest to `best`; notes its calls. */
function constant(id: string, best: number, calls: FitCall<unknown>[] = []): Candidate {
  const learner = (x: number): Learner<{ margin: ReturnType<typeof tensor> }> => {
    const state = { margin: tensor([[Math.abs(x - best), -Math.abs(x - best)]]) };
    return {
      id,
      init: () => state,
      async *fit(call) {
        calls.push(call as FitCall<unknown>);
        const counters = { step: 1, epoch: 1, stepInEpoch: 0, samples: 1, flops: 7, seconds: 0 };
        const loss = x > 5 ? Number.NaN : 0;
        yield { counters, loss, endsEpoch: true, totalSteps: 1, peakBytes: 0, program: '', state };
      },
      // Class 1 gets the smaller score the further x is from the best: its rows lose more than those of class 0 gain.
      predict: ({ margin }, input) => margin.add(input.mul(0).sum(1).expandDims(1)),
    };
  };
  return { id, space: { x: linearScale(0, 6) }, make: (hyper) => learner(hyper.x as number) as Learner<unknown> };
}

const net = model([2], [dense({ units: 6, activation: 'tanh' }), dense({ units: 2 })]);
const setting = { model: net, batch: 12, optimizer: (learningRate: number) => sgd({ learningRate }) };
const dfa = (): Candidate =>
  ruleCandidate({ rule: () => directFeedbackAlignment(), space: { learningRate: logScale(1e-3, 10) } }, setting);

/** Everything but the clock. */
const told = (value: unknown): string => JSON.stringify(value, (name, v) => (name === 'seconds' ? 0 : v));

describe('the order of trials', () => {
  const trial = (n: number, loss: number | null, accuracy: number | null): TrialRecord => ({
    ...{ type: 'trial', rule: 'a', trial: n, rung: 0, hyper: {}, budget, key, flops: 0, seconds: 0 },
    ...{ loss, accuracy, status: loss === null ? 'diverged' : 'ok' },
  });
  const trials = [trial(0, 2, 0.9), trial(1, null, null), trial(2, 1, 0.8), trial(3, 1, 0.7)];

  it('is by loss: least first, ties by place, diverged last, whatever order they came in', () => {
    for (const order of [trials, trials.toReversed()])
      expect(ranked(order, 'loss').map((t) => t.trial)).toEqual([2, 3, 0, 1]);
  });

  it('is by accuracy where asked', () => {
    expect(ranked(trials, 'accuracy').map((t) => t.trial)).toEqual([0, 2, 3, 1]);
  });
});

describe('tune', () => {
  it('works on learners without gradients, finds the known best, and says where runs diverged', async () => {
    const { best, trials } = await tune({
      task,
      learners: [constant('two', 2), constant('four', 4)],
      trials: 4,
      budget,
      key,
    });
    expect(best.two!.hyper).toEqual({ x: 2 });
    expect(best.four!.hyper).toEqual({ x: 4 });
    expect(trials.map((t) => [t.rule, t.hyper.x, t.status])).toEqual(
      ['two', 'four'].flatMap((id) => [0, 2, 4, 6].map((x) => [id, x, x > 5 ? 'diverged' : 'ok'])),
    );
    expect(best.two!.edges).toEqual([]);
    expect(trials.every((t) => t.flops === 7)).toBe(true);
  });

  it('gives every learner the same number of trials, budget, start and rows, none of them test rows', async () => {
    const calls: FitCall<unknown>[] = [];
    const learners = [constant('a', 1, calls), constant('b', 1, calls)];
    await tune({ task, learners, trials: 3, budget, key, holdout: 0.25, kind: 'random' });
    expect(calls).toHaveLength(6);
    const rows = calls.map(({ task: { train } }) => `${train.n} ${train.x}`);
    expect(new Set(rows).size).toBe(1);
    expect(calls[0]!.task.train.n).toBe(90);
    expect(new Set(calls.map((call) => JSON.stringify([call.key, call.budget]))).size).toBe(1);
    const own = new Set(pointsOf(task.train));
    const held = pointsOf(calls[0]!.task.train);
    expect(held.every((row) => own.has(row))).toBe(true);
  });

  it('tells the same whatever its test rows are', async () => {
    const other = { ...task, test: { ...task.test, x: task.test.x.map((v) => 100 - v) } } as Task;
    const options = { learners: [dfa()], trials: 3, budget, key };
    expect(told(await tune({ ...options, task }))).toBe(told(await tune({ ...options, task: other })));
  });

  it('says that the best value is an end of the range', async () => {
    const { best } = await tune({ task, learners: [constant('a', 0)], trials: 4, budget, key });
    expect(best.a!.edges).toEqual(['x']);
  });

  it('halves: a third goes on with three times the budget, and the last has the whole of it', async () => {
    const { trials, best } = await tune({
      task,
      learners: [constant('a', 2)],
      trials: 9,
      kind: 'halving',
      budget,
      key,
    });
    expect(trials.map((t) => t.rung)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2]);
    expect([0, 1, 2].map((rung) => trials.find((t) => t.rung === rung)!.budget.value)).toEqual([1 / 9, 1 / 3, 1]);
    const distances = trials.slice(0, 9).map((t) => Math.abs((t.hyper.x as number) - 2));
    expect(Math.abs((best.a!.hyper.x as number) - 2)).toBe(Math.min(...distances));
  });

  it('refuses before any work what it cannot do', async () => {
    const calls: FitCall<unknown>[] = [];
    const options = { task, trials: 4, budget, key, learners: [constant('a', 1, calls)] };
    const twice = [constant('a', 1, calls), constant('a', 2, calls)];
    await expect(tune({ ...options, learners: twice })).rejects.toThrow(/two learners are named a/);
    await expect(tune({ ...options, learners: [] })).rejects.toThrow(/nothing to tune/);
    await expect(tune({ ...options, trials: 0 })).rejects.toThrow(/0 trials/);
    await expect(tune({ ...options, holdout: 0 })).rejects.toThrow(/leaves nothing/);
    const regression = { ...task, isClassification: false };
    await expect(tune({ ...options, task: regression, metric: 'accuracy' })).rejects.toThrow(/no accuracy/);
    expect(calls).toEqual([]);
  });
});

describe('a search that was stopped', () => {
  const options = () => ({ task, learners: [dfa()], trials: 5, kind: 'random', budget, key }) as const;

  it('goes on where it was and ends with the same result to the bit', async () => {
    const whole = await tune(options());
    for (const after of [1, 3]) {
      const store = memoryTrials();
      const controller = new AbortController();
      let seen = 0;
      const onTrial = () => {
        if (++seen === after) controller.abort(new Error('enough'));
      };
      await expect(tune({ ...options(), store, onTrial, signal: controller.signal })).rejects.toThrow('enough');
      const kept = await store.open(studyOf(options()));
      expect(kept).toHaveLength(after);
      expect(told(await tune({ ...options(), store }))).toBe(told(whole));
    }
  });

  it('runs no trial twice', async () => {
    const store = memoryTrials();
    const calls: FitCall<unknown>[] = [];
    const again = { ...options(), learners: [constant('a', 2, calls)], store };
    await tune(again);
    await tune(again);
    expect(calls).toHaveLength(5);
  });

  it('is refused under other settings, which are named', async () => {
    const store = memoryTrials();
    await tune({ ...options(), store });
    await expect(tune({ ...options(), trials: 6, store })).rejects.toThrow(/trials was 5 and is 6/);
    await expect(tune({ ...options(), key: keyFrom(5), store })).rejects.toThrow(/key was/);
  });

  it('survives the death of its process', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cotangent-tuner-'));
    const path = join(folder, 'trials.jsonl');
    const script = new URL('./testing/tune-and-die.ts', import.meta.url).pathname;
    const { signal } = await ended(script, [path, '2']);
    expect(signal).toBe('SIGKILL');
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(1 + 2);
    const { out: resumed } = await ended(script, [path, '0']);
    const { out: whole } = await ended(script, [join(folder, 'whole.jsonl'), '0']);
    rmSync(folder, { recursive: true });
    expect(resumed).toBe(whole);
    expect(JSON.parse(whole).trials).toHaveLength(4);
  });
});

describe('againstBackprop', () => {
  it('tunes backprop by as many trials, then measures both on the test rows from the same starts', async () => {
    const seen: string[] = [];
    const { tuned, results } = await againstBackprop({
      ...{ ...setting, task, trials: 4, budget, key, runs: 2, runBudget: { kind: 'epochs', value: 12 } },
      rules: [{ rule: () => directFeedbackAlignment(), space: { learningRate: logScale(1e-2, 10) } }],
      onRun: (run) => seen.push(`${run.rule} ${run.run} ${run.key}`),
    });
    const counts = ['backprop', 'direct-feedback-alignment'].map(
      (rule) => tuned.trials.filter((t) => t.rule === rule).length,
    );
    expect(counts).toEqual([4, 4]);
    expect(tuned.trials.map((t) => t.hyper.learningRate).slice(0, 4)).toEqual([0.01, 0.1, 1, 10]);
    for (const { accuracy, runs, diverged } of Object.values(results)) {
      expect(runs).toHaveLength(2);
      expect(diverged).toBe(0);
      // Two moons are learned far above chance within twelve epochs by both.
      expect(accuracy.mean!).toBeGreaterThan(0.75);
    }
    const keys = (rule: string) => seen.filter((s) => s.startsWith(rule)).map((s) => s.split(' ').slice(1).join());
    expect(keys('backprop')).toEqual(keys('direct-feedback-alignment'));
  });

  it('goes on with the runs that are left, and keeps a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cotangent-tuned-'));
    const options = {
      ...setting,
      task,
      trials: 2,
      budget,
      key,
      runs: 2,
      rules: [{ rule: () => directFeedbackAlignment() }],
    };
    const whole = await againstBackprop(options);
    const store = () => fileTrials(join(folder, 'trials.jsonl'));
    const controller = new AbortController();
    const stopped = {
      ...options,
      store: store(),
      signal: controller.signal,
      onRun: () => controller.abort(new Error('enough')),
    };
    await expect(againstBackprop(stopped)).rejects.toThrow('enough');
    const resumed = await againstBackprop({ ...options, store: store() });
    rmSync(folder, { recursive: true });
    expect(told(resumed)).toBe(told(whole));
  });
});

const pointsOf = ({ x, n }: { x: ArrayLike<number>; n: number }): string[] =>
  Array.from({ length: n }, (_, i) => `${x[2 * i]} ${x[2 * i + 1]}`);

const ended = (script: string, args: readonly string[]): Promise<{ out: string; signal: string | null }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, out) => resolve({ out, signal: error?.signal ?? null }));
  });

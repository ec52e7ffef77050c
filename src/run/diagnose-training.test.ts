/** Credit along a run: where it is asked for, and without a trace in the run itself. */
import { describe, expect, it } from 'vitest';
import { loadDataset } from '../data/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { forwardGradient } from '../methods/forward-gradient.ts';
import type { CreditRule } from '../methods/rule.ts';
import { dense, model } from '../nn/index.ts';
import { sgd } from '../optim/index.ts';
import { type CreditTrace, type TraceCreditOptions, traceCredit } from './diagnose-training.ts';
import { ruleLearner } from './rule-learner.ts';
import { taskOf } from './task.ts';

describe('traceCredit', () => {
  it('diagnoses before the first update and every so many, and leaves the run as it is', async () => {
    const task = taskOf(await loadDataset('two-moons', { train: 40, test: 10 }));
    const net = model([2], [dense({ units: 4, activation: 'tanh' }), dense({ units: 2 })]);
    const rule = forwardGradient({ law: 'rademacher' }) as CreditRule;
    const options: TraceCreditOptions = {
      ...{ rule, model: net, loss: task.loss, optimizer: sgd({ learningRate: 0.1 }), batch: 8 },
      ...{ task, budget: { kind: 'steps', value: 7 }, key: keyFrom(2), every: 3, draws: 8 },
    };
    const traces: CreditTrace[] = [];
    for await (const trace of traceCredit(options)) traces.push(trace);
    expect(traces.map(({ step }) => step)).toEqual([0, 3, 6]);
    const losses = new Map<number, number | null>();
    for await (const { counters, loss } of ruleLearner(options).fit(options)) losses.set(counters.step, loss);
    for (const { step, loss, layers } of traces) {
      expect(loss).toBe(step === 0 ? null : losses.get(step));
      expect(layers).toHaveLength(2);
      for (const layer of layers) expect(layer!.variance.estimate).toBeGreaterThan(0);
    }
    await expect(traceCredit({ ...options, every: 0 }).next()).rejects.toThrow(/every 0 updates/);
  });
});

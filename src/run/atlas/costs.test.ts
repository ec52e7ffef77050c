import { describe, expect, it } from 'vitest';
import { type RuleCost, ruleCosts } from './costs.ts';

/** A clock on which every call of anything takes the same time. */
const even = () => {
  let now = 0;
  return () => {
    now += 10;
    return now;
  };
};

async function costsOf(rules: readonly string[], width: number): Promise<RuleCost[]> {
  const places = rules.map((rule) => ({ rule, model: `mlp:${width}` }));
  const found: RuleCost[] = [];
  const timing = { rounds: 2, warmUpMs: 0, clock: even(), load: () => null };
  for await (const cost of ruleCosts({ places, input: [64], outputs: 10, batch: 16, timing })) found.push(cost);
  return found;
}

describe('costs of rules', () => {
  it('puts time over FLOPs, and leaves backprop and learners out', async () => {
    const found = await costsOf(['backprop', 'sampled-network', 'direct-feedback-alignment'], 32);
    expect(found.map(({ rule }) => rule)).toEqual(['direct-feedback-alignment']);
    expect(found[0]).toMatchObject({ timeRatio: 1, iteration: null });
    expect(found[0]!.quotient).toBeCloseTo(1 / found[0]!.flopsRatio, 12);
  });

  it('takes the cost of a move from a relaxation of twice as many', async () => {
    const [cost] = await costsOf(['inference-learning'], 512);
    // One hidden layer: a move is the prediction of the output and its pull, 2·16·512·10 multiply-adds and little else.
    const move = 2 * 2 * 16 * 512 * 10;
    const step = cost!.flops / cost!.flopsRatio;
    const counted = cost!.iteration!.flopsRatio * step;
    expect(counted).toBeGreaterThan(move);
    expect(counted).toBeLessThan(2 * move);
    expect(cost!.iteration).toMatchObject({ moves: 20, timeRatio: 0, quotient: 0 });
  });
});

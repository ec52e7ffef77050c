import { describe, expect, it } from 'vitest';
import { grad, mul, random, square, sum, tensor, trees } from '../../engine/index.ts';
import { drawEpisodes, type Pool } from './episodes.ts';
import { lstmSynapse } from './lstm-synapse.ts';
import { machine } from './machine.ts';
import { evolve, metaStart, metaTrain } from './meta.ts';
import { metaOptimizer } from './meta-setting.ts';
import { decodeTheta, encodeTheta } from './shipped.ts';

const pool: Pool = {
  images: random.normal(random.key(1), [60, 9]),
  labels: tensor(Int32Array.from({ length: 60 }, (_, i) => i % 6)),
  classes: 6,
};
const task = { episodes: 2, length: 8, inputs: 4, classes: 3 };
const synapse = lstmSynapse({ units: 4, messageSize: 2, microTicks: 1 });
const options = {
  machine: machine([4, 3], synapse),
  episodes: 2,
  draw: (key: ReturnType<typeof random.key>) => drawEpisodes(pool, task, key),
  optimizer: metaOptimizer(1e-2),
  key: random.key(2),
};

describe('episodes', () => {
  it('are standardised streams of the classes asked for, without repetition, new for every key', () => {
    const { xs, ys } = drawEpisodes(pool, task, random.key(5));
    expect(xs.shape).toEqual([8, 2, 4]);
    expect(ys.shape).toEqual([8, 2, 3]);
    expect(sum(ys).item()).toBe(16);
    const first = Array.from(xs.readSync()).filter((_, i) => Math.floor(i / 4) % 2 === 0);
    expect(first.reduce((a, b) => a + b, 0) / 32).toBeCloseTo(0, 5);
    expect(first.reduce((a, b) => a + b * b, 0) / 32).toBeCloseTo(1, 4);
    expect(Array.from(drawEpisodes(pool, task, random.key(6)).xs.readSync())).not.toEqual(Array.from(xs.readSync()));
  });

  it('refuse more classes or examples than there are', () => {
    expect(() => drawEpisodes(pool, { ...task, classes: 7 }, random.key(1))).toThrow(/7 classes/);
    expect(() => drawEpisodes(pool, { ...task, length: 61 }, random.key(1))).toThrow(/61 examples/);
  });
});

describe('meta learning', () => {
  it('goes on from a state bit for bit', async () => {
    const run = async (from: ReturnType<typeof start>, steps: number) => {
      const losses: number[] = [];
      let state = from;
      for await (const event of metaTrain(options, { from, steps })) {
        losses.push(event.loss);
        state = event.state;
      }
      return { losses, state };
    };
    const start = () => metaStart(synapse.init(random.key(3)), options.optimizer);
    const through = await run(start(), 5);
    const half = await run(start(), 2);
    const rest = await run(half.state, 5);
    expect([...half.losses, ...rest.losses]).toEqual(through.losses);
    expect(encodeTheta(rest.state.theta)).toBe(encodeTheta(through.state.theta));
  });

  it('by evolution estimates the gradient of a quadratic without bias', () => {
    const theta = { a: tensor([1, -2, 0.5]) };
    const loss = (p: typeof theta) => mul(0.5, sum(square(p.a)));
    const [value, estimate] = evolve(loss, theta, random.key(4), { pairs: 4000, sigma: 0.1 });
    const exact = Array.from(grad(loss)(theta).a.readSync());
    // One estimate has variance ‖g‖² + g_j², so 4,000 have a deviation below 0.05.
    for (const [i, g] of Array.from(estimate.a.readSync()).entries()) expect(Math.abs(g - exact[i]!)).toBeLessThan(0.2);
    expect(value.item()).toBeCloseTo(2.625 + 0.5 * 3 * 0.01, 2);
    expect(() => evolve(loss, theta, random.key(1), { pairs: 0, sigma: 0.1 })).toThrow(/pairs/);
  });
});

describe('a shipped algorithm', () => {
  it('is the same after it was written and read', () => {
    const theta = synapse.init(random.key(7));
    const again = decodeTheta(encodeTheta(theta), synapse.init(random.key(8)));
    expect(trees.norm(trees.sub(theta, again)).item()).toBe(0);
    expect(() => decodeTheta(encodeTheta(theta), lstmSynapse().init(random.key(1)))).toThrow(/does not fit/);
  });
});

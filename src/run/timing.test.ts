/** The timing harness on a fake machine, whose speed is known and may drift, jump and be shared. */
import { describe, expect, it } from 'vitest';
import { HostRandom, keyFrom } from '../engine/threefry.ts';
import { median } from '../stats/index.ts';
import { timeInterleaved } from './timing.ts';

/** A machine with a clock: work of cost c takes c times its slowness at that moment, in steps of the clock. */
function machine(slowness: (ms: number) => number, resolution = 0) {
  let now = 0;
  return {
    clock: () => (resolution === 0 ? now : Math.floor(now / resolution) * resolution),
    work: (cost: number) => () => {
      now += cost * slowness(now);
    },
    now: () => now,
  };
}

const quiet = { load: () => 0, busyAbove: 1, warmUpMs: 1 } as const;

describe('timeInterleaved', () => {
  it('recovers a ratio and times of a steady machine exactly', async () => {
    const { clock, work } = machine(() => 1);
    const report = await timeInterleaved({ a: work(3), b: work(2) }, { ...quiet, clock, minMs: 10 });
    expect(report.times.a.ms).toBeCloseTo(3, 9);
    expect(report.times.b.ms).toBeCloseTo(2, 9);
    const { estimate, low, high, outliers } = report.ratio('a', 'b');
    for (const v of [estimate, low, high]) expect(v).toBeCloseTo(1.5, 9);
    expect(outliers).toEqual([]);
    expect(report.ratio('b', 'a').estimate).toBeCloseTo(2 / 3, 9);
    expect(report.warnings).toEqual([]);
    expect(report.isIdle).toBe(true);
  });

  it('recovers it on a machine that slows down all the while, where one after the other would not', async () => {
    const slowing = () => machine((ms) => Math.exp(ms / 2000));
    const { clock, work, now } = slowing();
    const report = await timeInterleaved({ a: work(3), b: work(2) }, { ...quiet, clock, minMs: 6, rounds: 20 });
    expect(now()).toBeGreaterThan(800); // the machine became half as slow again at least
    expect(report.ratio('a', 'b').estimate).toBeCloseTo(1.5, 2);
    const { high, low } = report.ratio('a', 'b');
    expect(high - low).toBeLessThan(0.02);

    const other = slowing();
    const sample = (run: () => void) => {
      const before = other.clock();
      run();
      return other.clock() - before;
    };
    const [a, b] = [3, 2].map((cost) => median(Array.from({ length: 80 }, () => sample(other.work(cost)))));
    expect(Math.abs(a! / b! - 1.5)).toBeGreaterThan(0.15);
  });

  it('recovers it on a machine that jumps between two speeds', async () => {
    const { clock, work } = machine((ms) => (Math.floor(ms / 333) % 2 === 0 ? 1 : 2.5));
    const report = await timeInterleaved({ a: work(3), b: work(2) }, { ...quiet, clock, minMs: 6, rounds: 25 });
    expect(report.ratio('a', 'b').estimate).toBeCloseTo(1.5, 6);
  });

  it('has intervals that cover the true ratio as often as they say', async () => {
    let covered = 0;
    const runs = 120;
    for (let i = 0; i < runs; i++) {
      const random = new HostRandom(keyFrom(i));
      const { clock, work } = machine(() => Math.exp(0.2 * random.normal()));
      const report = await timeInterleaved({ a: work(3), b: work(2) }, { ...quiet, clock, minMs: 0.1 });
      const { low, high } = report.ratio('a', 'b');
      if (low <= 1.5 && 1.5 <= high) covered++;
    }
    // 95 % of 120 is 114; four standard errors (2.4 each) below.
    expect(covered).toBeGreaterThanOrEqual(104);
    expect(covered).toBeLessThan(runs); // intervals that always cover are too wide
  });

  it('reports rounds that lie far off, and is not moved by them', async () => {
    let calls = 0;
    const { clock, work } = machine(() => 1);
    const [a, b, stall] = [work(6), work(4), work(100)];
    const hiccup = () => {
      b();
      if (++calls === 30) stall();
    };
    const report = await timeInterleaved({ a, hiccup }, { ...quiet, clock, minMs: 3 });
    const { estimate, outliers } = report.ratio('a', 'hiccup');
    expect(estimate).toBeCloseTo(1.5, 9);
    expect(outliers).toHaveLength(1);
    expect(report.warnings).toEqual(['1 of 15 rounds of a and hiccup lie far from the others']);
  });

  it('calls a short function often enough for a coarse clock', async () => {
    const { clock, work } = machine(() => 1, 1);
    const report = await timeInterleaved({ a: work(0.003), b: work(0.002) }, { ...quiet, clock, minMs: 50 });
    expect(report.times.b.calls).toBeGreaterThanOrEqual(50 / 0.002 - 1);
    expect(Math.abs(report.ratio('a', 'b').estimate - 1.5)).toBeLessThan(0.1);
  });

  it('takes turns in order and in reverse, and waits for promises', async () => {
    const seen: string[] = [];
    const { clock, work } = machine(() => 1);
    const noted = (name: string) => {
      const run = work(10);
      return async () => {
        await Promise.resolve();
        seen.push(name);
        run();
      };
    };
    const { times } = await timeInterleaved(
      { a: noted('a'), b: noted('b'), c: noted('c') },
      { ...quiet, clock, rounds: 2 },
    );
    expect(seen.slice(-12).join('')).toBe('abccbaabccba');
    expect(times.c.ms).toBeCloseTo(10, 9);
  });

  it('says where the machine is busy', async () => {
    const { clock, work } = machine(() => 1);
    const loads = [3.5, 4];
    const busy = await timeInterleaved({ a: work(1) }, { ...quiet, clock, load: () => loads.shift()! });
    expect(busy.isIdle).toBe(false);
    expect(busy.warnings[0]).toMatch(/busy: load 3.50 before and 4.00 after/);
    const unknown = await timeInterleaved({ a: work(1) }, { ...quiet, clock, load: () => null });
    expect([unknown.isIdle, unknown.warnings]).toEqual([null, []]);
  });

  it('times real functions by the real clock', async () => {
    const spin = (n: number) => () => {
      let x = 0;
      for (let i = 0; i < n; i++) x += Math.sqrt(i);
      return x;
    };
    const report = await timeInterleaved(
      { long: spin(80_000), short: spin(20_000) },
      { rounds: 9, minMs: 1, warmUpMs: 5 },
    );
    expect(report.ratio('long', 'short').estimate).toBeGreaterThan(2);
    expect(report.loadBefore).toBeGreaterThanOrEqual(0);
  });

  it('refuses what cannot be timed', async () => {
    await expect(timeInterleaved({})).rejects.toThrow(/0 functions/);
    await expect(timeInterleaved({ a: () => 0 }, { rounds: 1 })).rejects.toThrow(/1 rounds/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(timeInterleaved({ a: () => 0 }, { warmUpMs: 0, minMs: 0.001, signal })).rejects.toThrow('enough');
  });
});

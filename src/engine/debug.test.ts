/** What the debug levels tell about one compiled function. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import * as c from './index.ts';

beforeEach(() => c.setBackend('wasm'));
afterEach(() => c.setDebug(0, () => undefined));

function told(level: c.DebugLevel, runs: number): string[] {
  const lines: string[] = [];
  c.setDebug(level, (text) => lines.push(text));
  const f = c.jit((w: Tensor, x: Tensor) => c.relu(c.add(c.matmul(x, w), 1)), { name: 'layer' });
  const [w, x] = [c.full([6, 4], 0.5), c.full([2, 6], 1)];
  for (let i = 0; i < runs; i++) f(w, x);
  f(w, c.full([3, 6], 1));
  return lines;
}

describe('setDebug', () => {
  it('level 1 names the call, why it was traced, and the cost', () => {
    const lines = told(1, 3);
    expect(lines[0]).toBe('layer: traced, first call: (f32[6, 4], f32[2, 6])');
    expect(lines[1]).toMatch(
      /^layer #1: \d+ nodes, 1 calls, .* MFLOP, .* KiB read and written, peak .* KiB, (fma|strict)$/,
    );
    expect(lines[2]).toBe('layer: traced, argument 1 changed from f32[2, 6] to f32[3, 6]');
    expect(lines).toHaveLength(4);
  });

  it('level 2 lists the graph with its chains by name, and the plan', () => {
    const [, , listing] = told(2, 1);
    expect(listing).toMatch(/= matmul·add·relu\(/);
    expect(listing).toMatch(/matmul·add·relu → \w+\(.*f32\[2,4\].*\) {2}# 0…2/);
  });

  it('level 3 reports the kernels of a warm program once, with FLOPs and shares, and the results are the same', () => {
    const tables = told(3, 30).filter((text) => text.includes('in kernels'));
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatch(/kernel +calls +MFLOP +KiB +µs +of time +GFLOP\/s +of ceiling +GB\/s/);
    // 2·2·6·4 operations of the product, 8 of the sum and 8 of the ReLU.
    expect(tables[0]).toMatch(/matmul·add·relu .* +1 +0\.000112 /);
    const f = (x: Tensor) => c.mul(c.exp(x), 2);
    const x = c.full([5], 0.3);
    c.setDebug(3, () => undefined);
    const watched = [...c.jit(f)(x).readSync()];
    c.setDebug(0, () => undefined);
    expect(watched).toEqual([...c.jit(f)(x).readSync()]);
  });

  it('says nothing at level 0, and refuses levels that are not there', () => {
    expect(told(0, 2)).toEqual([]);
    expect(() => c.setDebug(4 as never, () => undefined)).toThrow(/there is no level 4/);
  });
});

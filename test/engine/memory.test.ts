/** Memory: bounded eager loops, constant live bytes under donation, predicted peak = measured peak. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Arena } from '../../src/engine/backends/wasm/arena.ts';
import { WasmBackend } from '../../src/engine/backends/wasm/backend.ts';
import type { Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';

beforeEach(() => c.setBackend('wasm'));
afterEach(() => c.setBackend('wasm'));

const wasm = (): WasmBackend => c.backend() as WasmBackend;
const loss = (w: Tensor, x: Tensor): Tensor => c.sum(c.mul(c.matmul(x, w), c.matmul(x, w)));

describe('jitted steps', () => {
  it('keep live bytes constant to the byte over 10,000 donated steps', () => {
    const x = c.full([8, 16], 0.1);
    const step = c.jit((w: Tensor) => c.sub(w, c.mul(c.grad(loss)(w, x), 0.001)), { donate: [0] });
    let w = step(c.full([16, 4], 0.5));
    for (let i = 0; i < 5; i++) w = step(w);
    const before = c.liveBytes();
    for (let i = 0; i < 10_000; i++) {
      w = step(w);
      if (i % 1000 === 0) expect(c.liveBytes()).toBe(before);
    }
    expect(c.liveBytes()).toBe(before);
    expect(Number.isFinite(w.toArray() as number) || Array.isArray(w.toArray())).toBe(true);
  });

  it('refuse the donated handle', () => {
    const step = c.jit((w: Tensor) => c.mul(w, 2), { donate: [0] });
    const w = c.full([32], 1);
    step(w);
    expect(() => w.readSync()).toThrow(/donated to a jitted call/);
    expect(() => c.add(w, 1)).toThrow(c.DonatedError);
  });

  it('need exactly the predicted bytes', () => {
    const f = c.jit((w: Tensor, x: Tensor) => c.grad(loss)(w, x), { tier: 'interpret' });
    const w = c.full([300, 200], 0.01);
    const x = c.full([64, 300], 0.5);
    const predicted = f.peakBytes(w, x);
    f(w, x);
    const { arena } = wasm().pool;
    const before = arena.used;
    arena.resetPeak();
    f(w, x);
    expect(arena.peak - before).toBe(predicted);
  });
});

describe('eager code', () => {
  it('stays within the budget over 10,000 steps without a scope', () => {
    const budget = 8 * 2 ** 20;
    const small = new WasmBackend({ budget });
    const storage = small.fromHost(new Float32Array(4096).fill(0.5), 'f32');
    let w = new c.Concrete([64, 64], 'f32', storage);
    for (let i = 0; i < 10_000; i++) {
      const [y] = small.execute(c.mulOp as unknown as c.Op, [w, w], {});
      [w] = small.execute(c.addOp as unknown as c.Op, [y!, storageOf(small, w)], {}) as [c.Concrete];
      expect(small.liveBytes()).toBeLessThanOrEqual(budget + 2 ** 20);
    }
    expect(small.pool.arena.memory.buffer.byteLength).toBeLessThan(4 * budget);
  });

  it('brings evicted tensors back unchanged', () => {
    const small = new WasmBackend({ budget: 2 ** 20 });
    const first = new c.Concrete(
      [1000],
      'f32',
      small.fromHost(
        Float32Array.from({ length: 1000 }, (_, i) => i),
        'f32',
      ),
    );
    for (let i = 0; i < 2000; i++) small.execute(c.addOp as unknown as c.Op, [first, first], {});
    for (let i = 0; i < 1000; i++) small.fromHost(new Float32Array(4096), 'f32');
    const [twice] = small.execute(c.addOp as unknown as c.Op, [first, first], {});
    expect([...twice!.readSync()].slice(0, 4)).toEqual([0, 2, 4, 6]);
  });

  it('frees what grad makes on the way', () => {
    const w = c.full([64, 64], 0.01);
    const x = c.full([64, 64], 0.5);
    c.grad(loss)(w, x).readSync(); // interns the scalars that live outside of scopes
    c.scoped(() => null);
    const warm = c.grad(loss)(w, x);
    const before = c.liveBytes();
    const g = c.grad(loss)(w, x);
    expect(warm.shape).toEqual(g.shape);
    expect(c.liveBytes() - before).toBe(64 * 64 * 4);
    expect(g.shape).toEqual([64, 64]);
  });
});

const storageOf = (backend: WasmBackend, like: c.Concrete): c.Concrete =>
  new c.Concrete(like.shape, like.dtype, backend.fromHost(new Float32Array(like.size).fill(0.1), 'f32'));

describe('scopes', () => {
  it('free everything but what is returned', () => {
    c.scalar(2); // numbers are interned outside of scopes
    const before = c.liveBytes();
    const kept = c.scoped(() => {
      const a = c.full([1024], 1);
      const b = c.mul(a, 2);
      return c.add(a, b);
    });
    expect(c.liveBytes() - before).toBe(4096);
    expect(kept.readSync()[0]).toBe(3);
  });

  it('name what happened to a freed tensor', () => {
    let leaked: Tensor | null = null;
    c.scoped(() => {
      leaked = c.full([4], 1);
    });
    expect(() => leaked!.readSync()).toThrow(/freed when its scope ended/);
  });
});

describe('the arena above 2 GiB', () => {
  it('computes with addresses above 3 GiB', () => {
    let memory: WebAssembly.Memory;
    try {
      memory = new WebAssembly.Memory({ initial: 49_152 + 64, maximum: 65_536 });
    } catch {
      return; // this machine grants no such memory
    }
    const high = new WasmBackend({ arena: new Arena(memory, 3 * 2 ** 30) });
    const x = new c.Concrete([100], 'f32', high.fromHost(new Float32Array(100).fill(1.5), 'f32'));
    const [y] = high.execute(c.addOp as unknown as c.Op, [x, x], {});
    const [s] = high.execute(c.sumOp as unknown as c.Op, [y!], { axes: [0] });
    expect(s!.item()).toBe(300);
  });
});

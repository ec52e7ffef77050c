import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StorageBackend } from '../../tensor.ts';
import { Arena } from './arena.ts';
import { StoragePool, type WasmStorage } from './storage.ts';

const owner: StorageBackend = { name: 'none', read: () => new Float32Array(0), release: () => {} };
const pool = (budget: number): StoragePool =>
  new StoragePool(owner, budget, new Arena(new WebAssembly.Memory({ initial: 4, maximum: 1024 })));
const filled = (n: number, value: number): Uint32Array => new Uint32Array(n).fill(value);
const contents = (p: StoragePool, s: WasmStorage): number[] => [...new Uint32Array(p.read(s))];

describe('the pool', () => {
  it('keeps every value through eviction and return, within its budget', () => {
    const act = fc.record({
      kind: fc.constantFrom('make', 'make', 'use', 'free', 'take'),
      pick: fc.nat(),
      words: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
        const p = pool(1024);
        let serial = 0;
        let live: { storage: WasmStorage; value: number; words: number }[] = [];
        for (const { kind, pick, words } of acts) {
          p.begin();
          const one = live[pick % Math.max(1, live.length)];
          if (kind === 'make' || one === undefined) {
            live.push({ storage: p.fromHost(filled(words, ++serial)), value: serial, words });
          } else if (kind === 'free') {
            p.release(one.storage);
            live = live.filter((x) => x !== one);
          } else {
            p.locate(one.storage);
            if (kind === 'take') one.storage = p.takeOver(one.storage);
          }
          for (const x of live) expect(contents(p, x.storage)).toEqual([...filled(x.words, x.value)]);
          const resident = live.filter((x) => x.storage.at >= 0).reduce((sum, x) => sum + 4 * x.words, 0);
          expect(p.residentBytes).toBe(resident);
          expect(resident).toBeLessThanOrEqual(1024 + 256);
        }
        for (const x of live) p.release(x.storage);
        expect([p.residentBytes, p.arena.used]).toEqual([0, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it('evicts the oldest first, down to half its budget', () => {
    const p = pool(1000);
    const made = Array.from({ length: 11 }, (_, i) => p.fromHost(filled(25, i)));
    p.begin();
    expect(made.map((s) => s.at >= 0)).toEqual([...Array(6).fill(false), ...Array(5).fill(true)]);
    p.locate(made[0]!);
    expect(contents(p, made[0]!)).toEqual([...filled(25, 0)]);
  });

  it('never moves what was located until the next operation begins', () => {
    const p = pool(256);
    p.begin();
    const a = p.fromHost(filled(64, 1));
    const at = p.locate(a);
    for (let i = 0; i < 20; i++) p.create(256);
    expect(p.locate(a)).toBe(at);
  });

  it('copies without touching the original', () => {
    const p = pool(4096);
    const a = p.fromHost(filled(8, 7));
    const b = p.copy(a);
    p.release(a);
    expect(contents(p, b)).toEqual([...filled(8, 7)]);
  });

  it('does not remember what is gone, whichever way it went', () => {
    const p = pool(2 ** 20);
    let kept = p.fromHost(filled(4, 1));
    for (let i = 0; i < 20_000; i++) {
      kept = p.takeOver(kept);
      p.release(p.create(64));
    }
    expect(p.queued).toBeLessThan(4096);
    expect(contents(p, kept)).toEqual([1, 1, 1, 1]);
  });
});

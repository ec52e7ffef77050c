import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryError } from '../../errors.ts';
import { Arena, roundUp } from './arena.ts';

const memory = (pages = 1, maximum = 2048): WebAssembly.Memory => new WebAssembly.Memory({ initial: pages, maximum });

/** Sizes that repeat, so that bins are used, and some large ones, so that they are joined. */
const sizes = fc.oneof(fc.integer({ min: 0, max: 4000 }), fc.constantFrom(64, 1000, 1000, 4096, 9 * 2 ** 20));
const steps = fc.array(fc.record({ bytes: sizes, release: fc.nat(), isFree: fc.boolean() }), { maxLength: 60 });

describe('the arena', () => {
  it('never hands out bytes twice, aligns to 64 bytes, and counts what it has handed out', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const arena = new Arena(memory());
        let blocks: { at: number; bytes: number }[] = [];
        for (const { bytes, release, isFree } of list) {
          if (isFree && blocks.length > 0) {
            const [gone] = blocks.splice(release % blocks.length, 1);
            arena.free(gone!.at, gone!.bytes);
          } else {
            const at = arena.allocate(bytes);
            expect(at % 64).toBe(0);
            expect(at + bytes).toBeLessThanOrEqual(arena.memory.buffer.byteLength);
            for (const other of blocks)
              expect(at + bytes <= other.at || other.at + other.bytes <= at, `${at} in ${other.at}`).toBe(true);
            blocks.push({ at, bytes });
          }
          expect(arena.used).toBe(blocks.reduce((sum, b) => sum + roundUp(b.bytes), 0));
        }
        for (const { at, bytes } of blocks) arena.free(at, bytes);
        blocks = [];
        expect(arena.used).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('joins neighbours before it grows: freed small blocks become a large one', () => {
    const arena = new Arena(memory(16, 64)); // 1 MiB
    const small = Array.from({ length: 200 }, () => arena.allocate(4096));
    for (const at of small) arena.free(at, 4096);
    const before = arena.memory.buffer.byteLength;
    arena.allocate(200 * 4096);
    expect(arena.memory.buffer.byteLength).toBe(before);
  });

  it('joins by itself when many bytes wait', () => {
    const arena = new Arena(memory(16, 2048));
    for (let round = 0; round < 40; round++) {
      const at = arena.allocate(2 ** 20 + 64 * round);
      arena.free(at, 2 ** 20 + 64 * round);
    }
    expect(arena.memory.buffer.byteLength).toBeLessThan(96 * 2 ** 20);
  });

  it('says how much it could not have, and goes on working', () => {
    const arena = new Arena(memory(1, 4));
    const at = arena.allocate(1000);
    expect(() => arena.allocate(2 ** 20)).toThrow(MemoryError);
    expect(arena.used).toBe(1024);
    arena.free(at, 1000);
    expect(arena.allocate(1000)).toBe(at);
  });

  it('remembers the highest use', () => {
    const arena = new Arena(memory(4, 64));
    const at = arena.allocate(10_000);
    arena.free(at, 10_000);
    expect(arena.peak).toBe(roundUp(10_000));
    arena.resetPeak();
    expect(arena.peak).toBe(0);
  });
});

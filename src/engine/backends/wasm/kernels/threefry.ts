/**
 * Random bits: Threefry-2x32-20, a pure function of a key and a counter, so any slice of a stream can be made alone.
 *
 * bits    (out, key, fromLow, fromHigh, begin, end): out[i] = word (from + i) of the key's stream, for i in [begin, end); the 64-bit `from` comes as two words.
 *         Word n is word n & 1 of the block with the 64-bit counter n >> 1.
 * blocks  (out, key, counters, high, begin, end): out[2i], out[2i + 1] = the block with counter (counters[i], high): derived keys.
 * Source  Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011. The key is two u32 words in memory.
 */
import type { FunctionWriter, Local, ModuleBuilder } from '../assembler.ts';
import type { KernelSpec } from '../library.ts';

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
/** Blocks made side by side: two vectors of four, enough independent work to hide the chain of each. */
const BLOCKS = 8;
const PARAMS = Array<'i32'>(6).fill('i32');

/** The stream of a key, word by word. */
export const threefryBitsKernel: KernelSpec = {
  key: 'threefry bits',
  params: PARAMS,
  emit(w, _profile, out, key, fromLow, fromHigh, begin, end) {
    const word = w.local('i64');
    const [at, left, k0, k1] = w.locals('i32', 4);
    loadKey(w, key!, k0, k1);
    w.get(fromHigh!).i64.extend_i32_u().i64.const(32).i64.shl().get(fromLow!).i64.extend_i32_u().i64.or();
    w.get(begin!).i64.extend_i32_u().i64.add().set(word);
    w.address(out!, begin!, 2).set(at);
    w.assign(left, () => w.get(end!).get(begin!).i32.sub());
    const one = () => {
      emitOneWord(w, at, word, k0, k1);
      w.advance(at, 4).advance(left, -1);
    };
    const isOdd = () => w.get(word).i32.wrap_i64().i32.const(1).i32.and();

    isOdd().get(left).i32.const(0).i32.ne().i32.and();
    w.if(one);
    w.while(
      () =>
        w
          .get(left)
          .i32.const(2 * BLOCKS)
          .i32.ge_u(),
      () => {
        w.scope(() => emitManyBlocks(w, at, word, k0, k1));
        w.get(word)
          .i64.const(2 * BLOCKS)
          .i64.add()
          .set(word);
        w.advance(at, 8 * BLOCKS).advance(left, -2 * BLOCKS);
      },
    );
    w.while(() => w.get(left), one);
  },
};

/** Single blocks at any counters. */
export const threefryBlocksKernel: KernelSpec = {
  key: 'threefry blocks',
  params: PARAMS,
  emit(w, _profile, out, key, counters, high, begin, end) {
    const [i, k0, k1, x, y] = w.locals('i32', 5);
    loadKey(w, key!, k0, k1);
    w.for(i, begin!, end!, 1, () => {
      w.get(k0).get(k1).address(counters!, i, 2).i32.load().get(high!).call(blockHelper(w.module)).set(y).set(x);
      w.address(out!, i, 3).get(x).i32.store();
      w.address(out!, i, 3).get(y).i32.store(4);
    });
  },
};

function loadKey(w: FunctionWriter, key: Local, k0: Local, k1: Local): void {
  w.get(key).i32.load().set(k0).get(key).i32.load(4).set(k1);
}

/** Stores one word at `at` and moves `word` on. */
function emitOneWord(w: FunctionWriter, at: Local, word: Local, k0: Local, k1: Local): void {
  w.scope(() => {
    const [x, y] = w.locals('i32', 2);
    const counter = () => w.get(word).i64.const(1).i64.shr_u();
    w.get(k0).get(k1);
    counter().i32.wrap_i64();
    counter().i64.const(32).i64.shr_u().i32.wrap_i64();
    w.call(blockHelper(w.module)).set(y).set(x);
    w.get(at).get(y).get(x).get(word).i32.wrap_i64().i32.const(1).i32.and().select().i32.store();
    w.get(word).i64.const(1).i64.add().set(word);
  });
}

/** Stores the blocks that begin at the even `word`. */
function emitManyBlocks(w: FunctionWriter, at: Local, word: Local, k0: Local, k1: Local): void {
  const key = [k0, k1].map((k) => w.get(k).i32x4.splat().pop('v128'));
  const states = Array.from({ length: BLOCKS / 4 }, (_, group) => {
    const pair = (first: bigint) => {
      w.get(word).i64.const(1).i64.shr_u().i64x2.splat();
      return w.i64x2
        .const([first, first + 1n])
        .i64x2.add()
        .pop('v128');
    };
    const [a, b] = [pair(BigInt(4 * group)), pair(BigInt(4 * group + 2))];
    const [x, y] = w.locals('v128', 2);
    w.get(a).get(b).i32x4.shuffle([0, 2, 4, 6]).set(x);
    w.get(a).get(b).i32x4.shuffle([1, 3, 5, 7]).set(y);
    return { x, y };
  });
  emitRounds(w, vectorOps(w), key[0]!, key[1]!, states);
  for (const [group, { x, y }] of states.entries()) {
    w.get(at)
      .get(x)
      .get(y)
      .i32x4.shuffle([0, 4, 1, 5])
      .v128.store(32 * group);
    w.get(at)
      .get(x)
      .get(y)
      .i32x4.shuffle([2, 6, 3, 7])
      .v128.store(32 * group + 16);
  }
}

/** (k0, k1, low, high) → the two words of a block. */
function blockHelper(m: ModuleBuilder): number {
  return m.helper('threefry block', ['i32', 'i32', 'i32', 'i32'], ['i32', 'i32'], (w, k0, k1, x, y) => {
    emitRounds(w, scalarOps(w), k0, k1, [{ x, y }]);
    w.get(x).get(y);
  });
}

interface WordOps {
  readonly type: 'i32' | 'v128';
  add(): unknown;
  xor(): unknown;
  constant(value: number): unknown;
  /** Pushes the local rotated to the left. */
  rotated(x: Local, by: number): unknown;
}

const scalarOps = (w: FunctionWriter): WordOps => ({
  type: 'i32',
  add: () => w.i32.add(),
  xor: () => w.i32.xor(),
  constant: (value) => w.i32.const(value),
  rotated: (x, by) => w.get(x).i32.const(by).i32.rotl(),
});

const vectorOps = (w: FunctionWriter): WordOps => ({
  type: 'v128',
  add: () => w.i32x4.add(),
  xor: () => w.v128.xor(),
  constant: (value) => w.i32x4.const(value),
  rotated: (x, by) =>
    w
      .get(x)
      .i32.const(by)
      .i32x4.shl()
      .get(x)
      .i32.const(32 - by)
      .i32x4.shr_u()
      .v128.or(),
});

interface State {
  readonly x: Local;
  readonly y: Local;
}

/** Turns counters (x, y) into blocks in place: five groups of four rounds, a key injection before and after each. */
function emitRounds(w: FunctionWriter, ops: WordOps, k0: Local, k1: Local, states: readonly State[]): void {
  const k2 = w.local(ops.type);
  ops.constant(PARITY);
  w.get(k0);
  ops.xor();
  w.get(k1);
  ops.xor();
  w.set(k2);
  const keys = [k0, k1, k2];
  const addTo = (local: Local, push: () => unknown) => {
    w.get(local);
    push();
    ops.add();
    w.set(local);
  };
  const inject = ({ x, y }: State, group: number) => {
    addTo(x, () => w.get(keys[group % 3]!));
    addTo(y, () => w.get(keys[(group + 1) % 3]!));
    if (group > 0) addTo(y, () => ops.constant(group));
  };
  for (const state of states) inject(state, 0);
  for (let round = 0; round < 20; round++) {
    for (const state of states) {
      addTo(state.x, () => w.get(state.y));
      ops.rotated(state.y, ROTATIONS[round % 8]!);
      w.get(state.x);
      ops.xor();
      w.set(state.y);
      if (round % 4 === 3) inject(state, (round + 1) / 4);
    }
  }
}

/** The machine's limit: multiply-adds that never leave the registers, as a module of one loop. */
import { ModuleBuilder } from './assembler.ts';
import type { Profile } from './profile.ts';

/** Independent chains: enough to hide the latency of one multiply-add, few enough for 16 registers. */
const CHAINS = 12;

/** Operations of so many turns of the loop. */
export const ceilingFlops = (turns: number): number => 2 * 4 * CHAINS * turns;

/** A module that exports `loop(turns)`. */
export function ceilingModule(profile: Profile): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  m.func(
    'loop',
    ['i32'],
    ['f32'],
    (w, turns) => {
      const [x, y] = [w.local('v128'), w.local('v128')];
      w.f32.const(0.999).f32x4.splat().set(x);
      w.f32.const(0.001).f32x4.splat().set(y);
      const chains = Array.from({ length: CHAINS }, () => w.local('v128'));
      const i = w.local('i32');
      w.for(i, 0, turns, 1, () => {
        for (const chain of chains) {
          w.get(x).get(chain).get(y);
          w.madd('f32', profile).set(chain);
        }
      });
      w.get(chains[0]!);
      for (const chain of chains.slice(1)) w.get(chain).f32x4.add();
      w.f32x4.extract_lane(0);
    },
    { export: 'loop' },
  );
  return m.bytes();
}

const TURNS = 1 << 17;

/** Operations a millisecond of one thread: the best of a few short runs, after the loop has been optimised. */
export function measureCeiling(profile: Profile): number {
  const { loop } = new WebAssembly.Instance(new WebAssembly.Module(ceilingModule(profile))).exports;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    (loop as (turns: number) => number)(TURNS);
    best = Math.min(best, performance.now() - start);
  }
  return ceilingFlops(TURNS) / best;
}

/** The machine's limits, measured in the same run: multiply-adds that never leave the registers. */
import { ModuleBuilder } from '../src/engine/backends/wasm/assembler.ts';
import { detectProfile, type Profile } from '../src/engine/backends/wasm/profile.ts';
import type { Contender } from './contender.ts';

/** Independent chains: enough to hide the latency of one multiply-add, few enough for 16 registers. */
const CHAINS = 12;
const ROUNDS = 1 << 20;

/** Operations of one call of the loop. */
export const ceilingFlops = 2 * 4 * CHAINS * ROUNDS;

function assemble(profile: Profile): () => number {
  const m = new ModuleBuilder();
  m.func(
    'loop',
    ['i32'],
    ['f32'],
    (w, rounds) => {
      const [x, y] = [w.local('v128'), w.local('v128')];
      w.f32.const(0.999).f32x4.splat().set(x);
      w.f32.const(0.001).f32x4.splat().set(y);
      const chains = Array.from({ length: CHAINS }, () => w.local('v128'));
      const i = w.local('i32');
      w.for(i, 0, rounds, 1, () => {
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
  const { loop } = new WebAssembly.Instance(new WebAssembly.Module(m.bytes())).exports;
  return () => (loop as (rounds: number) => number)(ROUNDS);
}

/** The multiply-add loop as a contender, by the profile in use. */
export const ceiling = (): Contender => ({ name: 'ceiling', work: assemble(detectProfile()) });

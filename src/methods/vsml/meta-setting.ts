/** The setting in which the shipped learning algorithm was meta-trained, across several data sets. */
import { concat, random, type Tensor } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import { adam, chain, clipByGlobalNorm, type Optimizer } from '../../optim/index.ts';
import { drawEpisodes, type Pool } from './episodes.ts';
import { type LstmState, type LstmTheta, lstmSynapse } from './lstm-synapse.ts';
import { type MachineState, machine, type Stream } from './machine.ts';
import type { MetaOptions } from './meta.ts';

/** The synapse of the shipped algorithm. */
export const shippedSynapse = lstmSynapse({ units: 16, messageSize: 8, microTicks: 1 });

const EPISODES = 4;
const TASK = { episodes: EPISODES, length: 80, inputs: 16, classes: 5 };

/** Episodes of several pools side by side. */
export const acrossPools =
  (pools: readonly Pool[]) =>
  (key: Key): Stream => {
    const streams = pools.map((pool, i) => drawEpisodes(pool, TASK, random.foldIn(key, i)));
    return {
      xs: concat(
        streams.map((s) => s.xs),
        1,
      ),
      ys: concat(
        streams.map((s) => s.ys),
        1,
      ),
    };
  };

/** Adam behind a limit of the gradient's norm: it jumps when learning begins. */
export const metaOptimizer = (learningRate: number, clip = 1): Optimizer =>
  chain(clipByGlobalNorm(clip), adam({ learningRate })) as unknown as Optimizer;

/** Meta learning as the shipped algorithm went through it. */
export function shippedMeta(pools: readonly Pool[], key: Tensor): MetaOptions<LstmTheta, MachineState<LstmState>> {
  return {
    machine: machine([TASK.inputs, TASK.classes], shippedSynapse),
    episodes: EPISODES * pools.length,
    draw: acrossPools(pools),
    optimizer: metaOptimizer(7e-3),
    key,
  };
}

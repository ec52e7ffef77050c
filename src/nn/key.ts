/** Random keys, as layers and rules see them. */
import type { Tensor } from '../engine/index.ts';

/** A u32 tensor of shape [2]; see `random.key`, `random.split`, `random.foldIn`. */
export type Key = Tensor;

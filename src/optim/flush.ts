/** Subnormals: state that decays towards zero would end in numbers a hundred times slower to compute with. */

import type { Tensor } from '../engine/index.ts';
import { abs, lt, where } from '../engine/index.ts';

/** Magnitudes below this become 0 in optimiser state, whatever the dtype. */
export const TINY = 1e-30;

/** x with magnitudes below 1e-30 replaced by 0. */
export const flushed = (x: Tensor): Tensor => where(lt(abs(x), TINY), 0, x);

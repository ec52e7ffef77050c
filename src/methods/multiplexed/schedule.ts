/** Which rows of the data are shown when: batches in an order drawn anew for each pass, each held for τ_x steps. */
import { ConfigError, fromArray, type Tensor } from '../../engine/index.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';

export interface ScheduleOptions {
  /** Rows of the data. */
  readonly rows: number;
  /** Rows shown at once. */
  readonly batch: number;
  /** Of the order; the rows' own order in every pass without one. */
  readonly key?: KeyWords;
}

/** Batch k of an endless sequence of passes over the rows; what does not fill a batch is left out of its pass. */
export function batchesOf({ rows, batch, key }: ScheduleOptions): (k: number) => Int32Array {
  if (!(Number.isInteger(batch) && batch >= 1 && batch <= rows))
    throw new ConfigError(`batches of ${batch} cannot be taken from ${rows} rows`, { batch, rows });
  const perPass = Math.floor(rows / batch);
  let pass = -1;
  let order: Int32Array = Int32Array.from({ length: rows }, (_, i) => i);
  return (k) => {
    const now = Math.floor(k / perPass);
    if (key !== undefined && now !== pass) order = new HostRandom(foldIn(key, now)).permutation(rows);
    pass = now;
    return order.subarray((k % perPass) * batch, (k % perPass) * batch + batch);
  };
}

/** The rows of `blocks` blocks of `block` steps from step `from` on, for one run or several: (blocks, batch) or (runs, blocks, batch). */
export function shown(
  sources: readonly ((k: number) => Int32Array)[] | ((k: number) => Int32Array),
  when: { readonly from: number; readonly blocks: number; readonly block: number; readonly tauX: number },
): Tensor {
  const { from, blocks, block, tauX } = when;
  const all = typeof sources === 'function' ? [sources] : sources;
  const batch = all[0]!(0).length;
  const out = new Int32Array(all.length * blocks * batch);
  all.forEach((source, run) => {
    for (let i = 0; i < blocks; i++) out.set(source(Math.floor((from + i * block) / tauX)), (run * blocks + i) * batch);
  });
  const shape = [blocks, batch];
  return fromArray(out, typeof sources === 'function' ? shape : [all.length, ...shape], 'i32');
}

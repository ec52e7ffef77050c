/** Slopes of every sample's loss along many tangents of the sites, all in one pass: the primal values are computed once. */
import type { Tensor } from '../../engine/index.ts';
import { jvp, neg, range, reshape, sizeOf, sliceAxis, vmap, zerosLike } from '../../engine/index.ts';

export interface SlopeSites {
  /** What each sample adds to the loss of the batch, (B), with a shift subtracted at every site. */
  readonly losses: (shift: readonly Tensor[]) => Tensor;
  /** Shifts of 0: (B, …) each, or (1, …) where samples share them. */
  readonly still: readonly Tensor[];
  /** The sites that are moved; the others stand still. */
  readonly part: readonly number[];
}

/** Units of the sites of a part, site by site. */
export const widthsOf = ({ still, part }: Pick<SlopeSites, 'still' | 'part'>): number[] =>
  part.map((i) => sizeOf(still[i]!.shape.slice(1)));

/** Along tangents (k, n), or (B, k, n) with sets for every sample: (k, B). */
export function slopesAlong({ losses, still, part }: SlopeSites, tangents: Tensor): Tensor {
  const widths = widthsOf({ still, part });
  const [samples, n] = [still[0]!.shape[0]!, tangents.shape.at(-1)!];
  const along = (v: Tensor): Tensor => {
    const columns = cut(reshape(v, [samples, n]), widths);
    const tangent = still.map((z, i) =>
      part.includes(i) ? reshape(columns[part.indexOf(i)]!, z.shape) : zerosLike(z),
    );
    return neg(jvp(losses, still as Tensor[], tangent)[1]); // a shift is subtracted, hence the sign
  };
  return vmap(along, { inAxes: [tangents.rank === 3 ? 1 : 0] })(tangents);
}

/** Splits (B, n) into columns of the given widths. */
export function cut(x: Tensor, widths: readonly number[]): Tensor[] {
  return range(widths.length).map((i) => {
    const from = widths.slice(0, i).reduce((a, b) => a + b, 0);
    return sliceAxis(x, 1, from, from + widths[i]!);
  });
}

/** Direction and length of frog and mean for one gradient over many draws of tangents. */
import { grad, jit, jvp, random, type Tensor, tensor, vmap } from '../../engine/index.ts';
import { combine, meanChi } from '../../methods/perturbation/aggregate.ts';
import { type TangentLaw, tangentRows } from '../../methods/perturbation/tangents.ts';
import { mean, variance } from '../../stats/index.ts';

/** f with ∇f = (1, …, 1) everywhere. */
const total = (x: Tensor): Tensor => x.sum();

export interface Draw {
  readonly cosFrog: number;
  readonly lengthFrog: number;
  readonly cosMean: number;
  readonly lengthMean: number;
}

export interface DrawOptions {
  readonly n: number;
  readonly k: number;
  readonly draws: number;
  readonly law?: TangentLaw;
  readonly key: Tensor;
}

const AT_ONCE = 25;

/** The estimates of `draws` sets of tangents, a multiple of 25; lengths are relative to the gradient's. */
export function drawEstimates({ n, k, draws, law = 'gaussian', key }: DrawOptions): Draw[] {
  const x = tensor(
    Array.from({ length: n }, () => 0),
    { dtype: 'f64' },
  );
  const g = grad(total)(x);
  const scale = Math.sqrt(n);
  const some = jit((keys: Tensor) =>
    vmap((own: Tensor) => {
      const v = tangentRows(own, k, n, { law, dtype: 'f64' });
      const slopes = vmap((row: Tensor) => jvp(total, x, row)[1])(v);
      const frog = combine(v, slopes).estimate;
      const average = combine(v, slopes, { aggregate: 'mean' }).estimate;
      const measures = (e: Tensor): Tensor[] => [e.mul(g).sum(), e.square().sum()];
      return [...measures(frog), ...measures(average)] as const;
    })(keys),
  );
  return random.split(key, draws / AT_ONCE).flatMap((own) => {
    const parts = some(random.keys(own, AT_ONCE)).map((part) => Array.from(part.readSync()));
    return Array.from({ length: AT_ONCE }, (_, i): Draw => {
      const [alongFrog, frog, alongMean, average] = parts.map((part) => part[i]!) as [number, number, number, number];
      const [lengthFrog, lengthMean] = [Math.sqrt(frog) / scale, Math.sqrt(average) / scale];
      return {
        cosFrog: alongFrog / (n * lengthFrog),
        lengthFrog,
        cosMean: alongMean / (n * lengthMean),
        lengthMean,
      };
    });
  });
}

export interface DirectionRow {
  readonly n: number;
  readonly k: number;
  readonly cosFrog: number;
  readonly cosMean: number;
  readonly rmsMean: number;
  /** χ̄_k/χ̄_n. */
  readonly theory: number;
  /** √((n + k + 1)/k). */
  readonly rmsTheory: number;
  /** |mean cos² − k/n| in standard errors. */
  readonly squareGap: number;
  /** The least of frog's cosine less the mean's over draws. */
  readonly leastLead: number;
}

/** Statistics of draws beside what theory says of gaussian tangents. */
export function directionRow(n: number, k: number, draws: readonly Draw[]): DirectionRow {
  const squares = draws.map(({ cosFrog }) => cosFrog ** 2);
  const error = Math.sqrt(variance(squares) / draws.length);
  return {
    n,
    k,
    cosFrog: mean(draws.map((d) => d.cosFrog)),
    cosMean: mean(draws.map((d) => d.cosMean)),
    rmsMean: Math.sqrt(mean(draws.map((d) => d.lengthMean ** 2))),
    theory: k >= n ? 1 : meanChi(k) / meanChi(n),
    rmsTheory: Math.sqrt((n + k + 1) / k),
    squareGap: k >= n ? 0 : Math.abs(mean(squares) - k / n) / error,
    leastLead: Math.min(...draws.map((d) => d.cosFrog - d.cosMean)),
  };
}

/** How good credit is: angle and norm ratio to the true gradient layer by layer, and over keys bias, variance and their kin with intervals. */
import { add, concat, jit, leavesOf, mul, reshape, sum, type Tensor } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import { foldIn } from '../engine/threefry.ts';
import { backprop } from '../methods/backprop.ts';
import type { CreditQuality } from '../methods/learner.ts';
import type { CreditCall, CreditRule } from '../methods/rule.ts';
import type { Batch, Loss, Model, Tree } from '../nn/index.ts';
import { paramLayers } from '../nn/index.ts';
import { type CreditStatistics, creditStatistics, type InnerProducts } from './diagnose-statistics.ts';
import type { TrainState } from './trainer.ts';
import { keyTensor } from './trainer.ts';

export interface StatisticsOptions {
  /** Draws of the credit, each with a key of its own; 32 unless said, at least 4. */
  readonly draws?: number;
  /** Of the intervals; 0.95 unless said. */
  readonly level?: number;
}

interface Inner {
  readonly cc: Tensor;
  readonly gg: Tensor;
  readonly cg: Tensor;
}

type Place = Pick<TrainState, 'params' | 'modelState' | 'rule'>;
type Numbers = Float32Array | Float64Array;

/** Compares a rule's credit with the gradient at the same parameters, batch and key. */
export class Diagnostics {
  readonly #layers: readonly number[];
  readonly #rule: CreditRule;
  readonly #both: (state: Place, batch: Batch, key: Tensor) => Inner[];
  /** Credit and gradient, flat, layer by layer. */
  readonly #credit: (state: Place, batch: Batch, key: Tensor) => Tensor[] | Promise<Tensor[]>;
  readonly #gradient: (state: Place, batch: Batch, key: Tensor) => Tensor[];

  constructor(model: Model, loss: Loss, rule: CreditRule) {
    this.#layers = paramLayers(model);
    this.#rule = rule;
    const callAt = ({ params, modelState, rule: state }: Place, batch: Batch, key: Tensor): CreditCall<Tree> => ({
      ...{ model, loss, params, modelState, state, batch, key },
    });
    const gradientAt = (call: CreditCall<Tree>) =>
      (backprop().credit({ ...call, state: null }) as { credit: Tree }).credit;
    const flat = (credit: Tree): Tensor[] =>
      this.#layers.map((i) => concat(layerOf(credit, i).map((leaf) => reshape(leaf, [leaf.size]))));
    this.#both = jit((state, batch, key) => {
      const call = callAt(state, batch, key);
      const [c, g] = [(rule.credit(call) as { credit: Tree }).credit, gradientAt(call)];
      return this.#layers.map((i) => innerProducts(layerOf(c, i), layerOf(g, i)));
    });
    this.#gradient = jit((state, batch, key) => flat(gradientAt(callAt(state, batch, key))));
    this.#credit = rule.isAsync
      ? async (state, batch, key) => flat((await rule.credit(callAt(state, batch, key))).credit)
      : jit((state, batch, key) => flat((rule.credit(callAt(state, batch, key)) as { credit: Tree }).credit));
  }

  /** Angle and norm ratio per layer for one key. */
  async measure(state: TrainState, batch: Batch, key: KeyWords): Promise<CreditQuality> {
    if (this.#rule.isAsync) return { angleDeg: this.#layers.map(() => null), normRatio: this.#layers.map(() => null) };
    const inner = this.#both(forDiagnosis(state), batch, keyTensor(key));
    const angleDeg: (number | null)[] = [];
    const normRatio: (number | null)[] = [];
    for (const { cc, gg, cg } of inner) {
      const [c2, g2, dot] = [await number(cc), await number(gg), await number(cg)];
      angleDeg.push(finite((Math.acos(Math.min(1, Math.max(-1, dot / Math.sqrt(c2 * g2)))) * 180) / Math.PI));
      normRatio.push(finite(Math.sqrt(c2 / g2)));
    }
    return { angleDeg, normRatio };
  }

  /** Bias, variance, angle and length per layer over keys; null where a layer's gradient is 0. The gradient is that of the first key. */
  async statistics(
    state: Place,
    batch: Batch,
    key: KeyWords,
    { draws = 32, level = 0.95 }: StatisticsOptions = {},
  ): Promise<(CreditStatistics | null)[]> {
    const place = forDiagnosis(state);
    const keys = Array.from({ length: draws }, (_, i) => keyTensor(foldIn(key, i)));
    const gradient = await readAll(this.#gradient(place, batch, keyTensor(foldIn(key, 0))));
    const credits: Numbers[][] = [];
    for (const one of keys) credits.push(await readAll(await this.#credit(place, batch, one)));
    return gradient.map((g, layer) =>
      creditStatistics(
        productsOf(
          credits.map((c) => c[layer]!),
          g,
        ),
        level,
      ),
    );
  }
}

const forDiagnosis = ({ params, modelState, rule }: Place): Place => ({ params, modelState, rule });

const layerOf = (credit: Tree, i: number): Tensor[] => leavesOf((credit as readonly Tree[])[i]) as Tensor[];

const dot = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((x, i) => sum(mul(x, b[i]!))).reduce((s, v) => add(s, v));

const innerProducts = (c: readonly Tensor[], g: readonly Tensor[]): Inner => ({
  cc: dot(c, c),
  gg: dot(g, g),
  cg: dot(c, g),
});

/** Inner products in f64 on the host: the estimate of a small bias is a difference of large numbers. */
function productsOf(draws: readonly Numbers[], g: Numbers): InnerProducts {
  const cc = draws.map(() => new Array<number>(draws.length).fill(0));
  draws.forEach((a, j) => {
    for (let k = 0; k <= j; k++) cc[j]![k] = cc[k]![j] = product(a, draws[k]!);
  });
  return { cc, cg: draws.map((a) => product(a, g)), gg: product(g, g) };
}

function product(a: Numbers, b: Numbers): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

const readAll = (tensors: readonly Tensor[]): Promise<Numbers[]> =>
  Promise.all(tensors.map(async (x) => (await x.read()) as Numbers));

const number = async (x: Tensor): Promise<number> => (await x.read())[0]!;
const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

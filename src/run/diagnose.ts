/** How good credit is: angle and norm ratio to the true gradient layer by layer, bias and variance over keys. */
import { add, div, jit, leavesOf, mul, sqrt, sub, sum, type Tensor } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import { foldIn } from '../engine/threefry.ts';
import { backprop } from '../methods/backprop.ts';
import type { CreditQuality } from '../methods/learner.ts';
import type { CreditCall, CreditRule } from '../methods/rule.ts';
import type { Batch, Loss, Model, Tree } from '../nn/index.ts';
import { paramLayers } from '../nn/index.ts';
import type { TrainState } from './trainer.ts';
import { keyTensor } from './trainer.ts';

export interface SpreadQuality {
  /** ‖mean credit − gradient‖ / ‖gradient‖ per layer. */
  readonly bias: readonly (number | null)[];
  /** Mean of ‖credit − mean credit‖² / ‖gradient‖² per layer. */
  readonly variance: readonly (number | null)[];
}

interface Inner {
  readonly cc: Tensor;
  readonly gg: Tensor;
  readonly cg: Tensor;
}

/** Compares a rule's credit with the gradient at the same parameters, batch and key. */
export class Diagnostics {
  readonly #layers: readonly number[];
  readonly #rule: CreditRule;
  readonly #both: (state: Pick<TrainState, 'params' | 'modelState' | 'rule'>, batch: Batch, key: Tensor) => Inner[];
  readonly #spread: (
    state: Pick<TrainState, 'params' | 'modelState' | 'rule'>,
    batch: Batch,
    keys: Tensor[],
  ) => { bias: Tensor; variance: Tensor }[];

  constructor(model: Model, loss: Loss, rule: CreditRule) {
    this.#layers = paramLayers(model);
    this.#rule = rule;
    const credits = (
      state: Pick<TrainState, 'params' | 'modelState' | 'rule'>,
      batch: Batch,
      key: Tensor,
    ): [Tree, Tree] => {
      const call: CreditCall<Tree> = {
        model,
        loss,
        params: state.params,
        modelState: state.modelState,
        state: state.rule,
        batch,
        key,
      };
      return [
        (rule.credit(call) as { credit: Tree }).credit,
        (backprop().credit({ ...call, state: null }) as { credit: Tree }).credit,
      ];
    };
    this.#both = jit((state, batch, key) => {
      const [c, g] = credits(state, batch, key);
      return this.#layers.map((i) => innerProducts(layerOf(c, i), layerOf(g, i)));
    });
    this.#spread = jit((state, batch, keys) => {
      const draws = keys.map((key) => credits(state, batch, key));
      return this.#layers.map((i) =>
        spreadOf(
          draws.map(([c]) => layerOf(c, i)),
          layerOf(draws[0]![1], i),
        ),
      );
    });
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

  /** Relative bias and variance per layer over `draws` keys. */
  async spread(state: TrainState, batch: Batch, key: KeyWords, draws = 16): Promise<SpreadQuality> {
    const keys = Array.from({ length: draws }, (_, i) => keyTensor(foldIn(key, i)));
    const parts = this.#spread(forDiagnosis(state), batch, keys);
    const bias: (number | null)[] = [];
    const variance: (number | null)[] = [];
    for (const part of parts) {
      bias.push(finite(await number(part.bias)));
      variance.push(finite(await number(part.variance)));
    }
    return { bias, variance };
  }
}

const forDiagnosis = ({
  params,
  modelState,
  rule,
}: TrainState): Pick<TrainState, 'params' | 'modelState' | 'rule'> => ({ params, modelState, rule });

const layerOf = (credit: Tree, i: number): Tensor[] => leavesOf((credit as readonly Tree[])[i]) as Tensor[];

const dot = (a: readonly Tensor[], b: readonly Tensor[]): Tensor =>
  a.map((x, i) => sum(mul(x, b[i]!))).reduce((s, v) => add(s, v));

const innerProducts = (c: readonly Tensor[], g: readonly Tensor[]): Inner => ({
  cc: dot(c, c),
  gg: dot(g, g),
  cg: dot(c, g),
});

function spreadOf(draws: readonly (readonly Tensor[])[], g: readonly Tensor[]): { bias: Tensor; variance: Tensor } {
  const mean = g.map((_, k) =>
    div(
      draws.map((d) => d[k]!).reduce((a, b) => add(a, b)),
      draws.length,
    ),
  );
  const away = (a: readonly Tensor[], b: readonly Tensor[]) => a.map((x, k) => sub(x, b[k]!));
  const off = away(mean, g);
  const gg = dot(g, g);
  const variance = draws.map((d) => dot(away(d, mean), away(d, mean))).reduce((a, b) => add(a, b));
  return { bias: sqrt(div(dot(off, off), gg)), variance: div(div(variance, draws.length), gg) };
}

const number = async (x: Tensor): Promise<number> => (await x.read())[0]!;
const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

/** What the checks share: tiny-shakespeare in random windows, small causal Transformers, the four rules, and a run with its losses on fixed windows. */
import { labelCounts, loadDataset } from '../../data/index.ts';
import { fromArray, jit, type Tensor, trees } from '../../engine/index.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { breathe } from '../../methods/breathe.ts';
import { backprop, lastUnit, tappedDirectFeedback } from '../../methods/index.ts';
import type { CreditQuality } from '../../methods/learner.ts';
import type { CreditRule } from '../../methods/rule.ts';
import type { Batch, DecoderTransformerOptions, Initializer, Model, Tree } from '../../nn/index.ts';
import { crossEntropy, decoderTransformer } from '../../nn/index.ts';
import { adam, constant, cosine, type Rate, warmup } from '../../optim/index.ts';
import { Diagnostics, Trainer, type TrainState } from '../../run/index.ts';
import type { Lab } from '../ledger/lab.ts';

export const VOCABULARY = 65;
const BATCH = 16;
/** Windows on which losses are measured. */
const MEASURED = 128;
/** Share of the training text from its end that tuning is measured on, and that nothing is trained on when it is. */
const HELD_OUT = 0.05;

export type RuleName = 'backprop' | 'macro' | 'micro' | 'shallow';

export const ruleOf = (name: RuleName): CreditRule => {
  if (name === 'backprop') return backprop() as CreditRule;
  if (name === 'shallow') return lastUnit() as unknown as CreditRule;
  return tappedDirectFeedback({ taps: name }) as unknown as CreditRule;
};

const normal = (deviation: number): Initializer => ({ distribution: 'normal', mode: 'fanIn', gain: deviation });

/** Where the weights start: as the card fixes it, all small, or with large embeddings. */
export type Start = 'standard' | 'small' | 'wide';

export interface Sizes {
  readonly width: number;
  readonly depth: number;
  readonly context: number;
}

/** Pre-norm, GELU, learned positions, a final norm, biases, heads of 16 features. */
export function decoder({ width, depth, context }: Sizes, start: Start = 'standard'): Model {
  const options: DecoderTransformerOptions = { vocabulary: VOCABULARY, context, width, heads: width / 16, depth };
  const embeddingInit = normal(start === 'wide' ? 1 : 0.02);
  return decoderTransformer({ ...options, embeddingInit, ...(start === 'small' ? { init: 'lecunNormal' } : {}) });
}

/** N(0, 0.02²) for every linear map, from N(0, 1/in). Embeddings and positions, the first two layers, have that law already. */
function shrunk(params: Tree): Tree {
  const shrink = (w: Tensor): Tensor => (w.rank === 2 ? w.mul(0.02 * Math.sqrt(w.shape[0]!)) : w);
  return (params as readonly Tree[]).map((own, i) => (i < 2 ? own : trees.mapTensors(shrink, own)));
}

export interface TextRun extends Sizes {
  readonly rule: RuleName;
  readonly start?: Start;
  readonly rate: number;
  /** Constant after 30 warm-up steps, or half a cosine down to a tenth after 50. */
  readonly schedule: 'constant' | 'cosine';
  readonly steps: number;
  /** Updates after which the loss is measured. */
  readonly logAt: readonly number[];
  readonly seed: number;
  /** Whether the last part of the training text is held out, and measured on. */
  readonly isTrial?: boolean;
  /** Whether angles to the gradient are measured too. */
  readonly withAngles?: boolean;
}

export interface LoggedPoint {
  readonly step: number;
  /** Nats per character on the measured windows. */
  readonly loss: number;
  readonly quality: CreditQuality | null;
}

/** A run, once for every claim that asks for it. */
export const textRun = (lab: Lab, run: TextRun): Promise<readonly LoggedPoint[]> =>
  lab.once(`run ${JSON.stringify(run)}`, () => train(lab, run));

export const lossAfter = async (lab: Lab, run: TextRun): Promise<number> => (await textRun(lab, run)).at(-1)!.loss;

async function train(lab: Lab, run: TextRun): Promise<readonly LoggedPoint[]> {
  const { start = 'standard', seed, context } = run;
  const model = decoder(run, start);
  const [train, measured] = await textsOf(lab, run.isTrial === true);
  const rule = ruleOf(run.rule);
  const optimizer = adam({ learningRate: rateOf(run), beta1: 0.9, beta2: 0.98, eps: 1e-8 });
  const trainer = new Trainer({ model, loss: crossEntropy(), rule, optimizer, key: lab.words('run', seed) });
  if (start === 'small') trainer.state = { ...trainer.state, params: shrunk(trainer.state.params) };
  const measure = measureOn(model, spreadWindows(measured, context, MEASURED));
  const diagnose = run.withAngles === true ? new Diagnostics(model, crossEntropy(), rule) : null;
  const order = lab.words('windows', seed);
  const log: LoggedPoint[] = [];
  for (let step = 0; step < run.steps; step++) {
    const batch = randomWindows(train, context, foldIn(order, step));
    await trainer.step(batch, step);
    if (step % 20 === 0) {
      lab.step(`${run.rule}, width ${run.width}, seed ${seed}`, step / run.steps);
      await breathe();
    }
    if (!run.logAt.includes(step + 1)) continue;
    const quality = diagnose === null ? null : await diagnose.measure(trainer.state, batch, order);
    log.push({ step: step + 1, loss: measure(trainer.state), quality });
  }
  return log;
}

const rateOf = ({ rate, schedule, steps }: TextRun): Rate =>
  schedule === 'constant'
    ? warmup(30, constant(rate))
    : warmup(50, cosine({ rate, steps: steps - 50, final: 0.1 * rate }));

/** Ids to train on, and ids to measure on: the official split, or for trials the training text cut once more. */
async function textsOf(lab: Lab, isTrial: boolean): Promise<readonly [train: Int32Array, measured: Int32Array]> {
  const { train, test } = await lab.once('text', async () => {
    const set = await loadDataset('tiny-shakespeare', { context: 1 });
    return { train: set.train.x as Int32Array, test: set.test.x as Int32Array };
  });
  if (!isTrial) return [train, test];
  const cut = Math.floor((1 - HELD_OUT) * train.length);
  return [train.subarray(0, cut), train.subarray(cut)];
}

/** Entropy of single characters of the training text, nats: what can be reached without looking at any other. */
export async function unigramEntropy(lab: Lab): Promise<number> {
  const [ids] = await textsOf(lab, false);
  const counts = labelCounts(ids, VOCABULARY);
  return counts.reduce((sum, n) => (n === 0 ? sum : sum - (n / ids.length) * Math.log(n / ids.length)), 0);
}

const randomWindows = (ids: Int32Array, context: number, key: KeyWords): Batch => {
  const random = new HostRandom(key);
  return windowsAt(
    ids,
    context,
    Array.from({ length: BATCH }, () => random.integer(ids.length - context)),
  );
};

/** Windows at equal distances. */
const spreadWindows = (ids: Int32Array, context: number, count: number): Batch =>
  windowsAt(
    ids,
    context,
    Array.from({ length: count }, (_, i) => Math.floor((i * (ids.length - context - 1)) / count)),
  );

function windowsAt(ids: Int32Array, context: number, starts: readonly number[]): Batch {
  const rows = (shift: number): Tensor => {
    const out = new Int32Array(starts.length * context);
    starts.forEach((at, i) => {
      out.set(ids.subarray(at + shift, at + shift + context), i * context);
    });
    return fromArray(out, [starts.length, context], 'i32');
  };
  return { x: rows(0), y: rows(1) };
}

function measureOn(model: Model, batch: Batch): (state: TrainState) => number {
  const loss = jit(
    (params: Tree, state: Tree): Tensor =>
      crossEntropy().value(model.apply(params, state, batch.x, { train: false })[0], batch),
  );
  return ({ params, modelState }) => loss(params, modelState).item();
}

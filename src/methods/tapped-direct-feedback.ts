/**
 * Direct feedback alignment on Transformers: taps cut the stream of credit, and below each of them the error of each token enters through one fixed random matrix.
 *
 * Paper     M. J. Filipovich, A. Cappelli, D. Hesslow, J. Launay, Scaling Laws Beyond Backpropagation, ICBINB at NeurIPS 2022, arXiv:2210.14593; placements: J. Launay et al., arXiv:2006.12878.
 * Rule      a tap is the identity on the way forward; on the way back it discards what arrives from above and sends e·B instead. Between taps credit follows the exact derivative.
 * Exact     everything above the last tap: head and final normalisation. A tap sits at the end of every block, the last one too, so no block hears the true gradient.
 * Departs   B ~ N(0, 1/E) unless said (the older library: uniform). Embeddings learn through the first block, below which there is no tap, unless `embeddings` is `direct`.
 * Letters   B (E, W): one matrix for all taps, of which narrower ones take the first columns; E size of the error, W width of the widest tap; e (batch, time, E) error of each token.
 */
import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import { leavesOf, matmul, mul, random, reshape, sliceAxis, vjp } from '../engine/index.ts';
import { runCut } from '../nn/cut.ts';
import type { Key } from '../nn/key.ts';
import type { Layer, Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { at, runLayers } from '../nn/model.ts';
import { blockTaps, type TapPlacement } from '../nn/transformer.ts';
import type { Citation, CreditCall, CreditRule, Reason } from './rule.ts';
import { reason } from './rule.ts';

export const filipovich2022: Citation = {
  authors: 'M. J. Filipovich, A. Cappelli, D. Hesslow, J. Launay',
  title: 'Scaling Laws Beyond Backpropagation',
  year: 2022,
  venue: 'ICBINB workshop, NeurIPS',
  arxiv: '2210.14593',
};

export interface TappedDirectFeedbackOptions {
  /** Where feedback enters a block: at its end (`macro`), also after attention (`micro`), also after the activation (`micro3`), below every linear map (`full`). */
  readonly taps?: TapPlacement;
  /** What is sent: the error at the logits (`vocabulary`), or the true gradient at the input of the head (`head`). */
  readonly error?: 'vocabulary' | 'head';
  /** Law of B: normal of variance 1/E, or uniform in ±1/√E. */
  readonly law?: 'normal' | 'uniform';
  /** Multiplies B. */
  readonly scale?: number;
  /** Whether embeddings learn through the first block, or hear e·B themselves. */
  readonly embeddings?: 'through' | 'direct';
}

export type TappedDirectFeedbackState = {
  /** B, (E, W); never updated. */
  readonly feedback: Tensor;
};

type Options = Required<TappedDirectFeedbackOptions>;

const SUMMARIES: Readonly<Record<TapPlacement, string>> = {
  macro:
    'Each Transformer block hears the error of each token through one fixed random matrix; inside it the derivative is exact.',
  micro: 'As direct-feedback-macro, with feedback after attention too.',
  micro3: 'As direct-feedback-micro, with feedback after the first dense map and its activation too.',
  full: 'As direct-feedback-micro3, with feedback before the last map of attention too: below every linear map.',
};

/** Direct feedback alignment at taps, for models that map each token through Transformer blocks to logits. */
export function tappedDirectFeedback({
  taps = 'macro',
  error = 'vocabulary',
  law = 'normal',
  scale = 1,
  embeddings = 'through',
}: TappedDirectFeedbackOptions = {}): CreditRule<TappedDirectFeedbackState> {
  const options: Options = { taps, error, law, scale, embeddings };
  return {
    id: `direct-feedback-${taps}`,
    aliases: [`dfa-${taps}`],
    paper: filipovich2022,
    summary: SUMMARIES[taps],
    nature: 'biased',
    supports: (model) => supports(model, options),
    init: (model, params, key) => ({ feedback: drawMatrix(model, params, key, options) }),
    credit(call) {
      const { model, loss, params, modelState, state, batch, key } = call;
      const atTaps = tapsOf(model, options);
      const run = runCut(model, { params, state: modelState, x: batch.x, atTaps }, { key, train: true });
      const e = loss.error(run.output, batch); // (batch, time, V)
      const sent = error === 'vocabulary' ? e : gradientAtHead(call, run.cuts.at(-1)!.value, e);
      const projected = overTokens(sent, state.feedback);
      const credit = run.pull(
        e,
        run.cuts.map(({ value }) => firstColumns(projected, value.shape.at(-1)!)),
      );
      return { credit, loss: loss.value(run.output, batch), state, modelState: run.modelState, metrics: {} };
    },
  };
}

/** Direct feedback at the end of each block. */
export const directFeedbackMacro = (
  options: Omit<TappedDirectFeedbackOptions, 'taps'> = {},
): CreditRule<TappedDirectFeedbackState> => tappedDirectFeedback({ ...options, taps: 'macro' });

/** Direct feedback after attention and at the end of each block. */
export const directFeedbackMicro = (
  options: Omit<TappedDirectFeedbackOptions, 'taps'> = {},
): CreditRule<TappedDirectFeedbackState> => tappedDirectFeedback({ ...options, taps: 'micro' });

function supports(model: Model, { error, embeddings }: Options): true | Reason {
  const blocks = blocksIn(model);
  if (blocks.length === 0) return reason('its taps sit in Transformer blocks, and the model has none');
  if (model.outputShape.length !== 2 || model.outputShape[0] !== timeAtBlocks(model))
    return reason('it sends each token the error of its own prediction, and the model does not predict at each token');
  const isPlain = model.layers.some((layer) => layer.kind === 'transformerBlock');
  if (!isPlain && (error === 'head' || embeddings === 'direct'))
    return reason('embeddings and head are one matrix; there is no place between them and the blocks');
  return true;
}

/** Positions that the blocks see; null where they lie too deep to tell. */
function timeAtBlocks(model: Model): number | null {
  const i = model.layers.findIndex((layer) => blocksIn(layer).length > 0);
  return model.shapes[i]?.[0] ?? null;
}

const blocksIn = (layer: Layer): Layer[] =>
  layer.kind === 'transformerBlock' ? [layer] : (layer.children ?? []).flatMap(blocksIn);

/** Taps in the order of the forward pass. */
function tapsOf(model: Model, { taps, embeddings }: Options): string[] {
  const inBlocks = blockTaps(model, taps);
  const first = model.layers.findIndex((layer) => layer.kind === 'transformerBlock');
  return embeddings === 'direct' && first > 0 ? [`${model.names[first - 1]}/post`, ...inBlocks] : inBlocks;
}

/** ∂loss/∂h for what enters the head, (batch, time, d): the only product that both this and the credit of the head need. */
function gradientAtHead({ model, params, modelState, key }: CreditCall<unknown>, h: Tensor, e: Tensor): Tensor {
  const from = model.layers.findLastIndex((layer) => layer.kind === 'transformerBlock') + 1;
  const head = { layers: model.layers.slice(from), names: model.names.slice(from) };
  const own = head.layers.map((_, i) => at(params, from + i));
  const states = head.layers.map((_, i) => at(modelState, from + i));
  return vjp((v: Tensor) => runLayers(head, own, states, v, { key, train: true })[0], h)[1](e);
}

/** e·B for every token, as one product. */
function overTokens(e: Tensor, matrix: Tensor): Tensor {
  const [errors, width] = matrix.shape as [number, number];
  return reshape(matmul(reshape(e, [-1, errors]), matrix), [...e.shape.slice(0, -1), width]);
}

const firstColumns = (x: Tensor, width: number): Tensor =>
  x.shape.at(-1) === width ? x : sliceAxis(x, x.rank - 1, 0, width);

function drawMatrix(model: Model, params: Tree, key: Key, options: Options): Tensor {
  const shape = matrixShape(model, options);
  const { dtype } = leavesOf(params)[0] as { dtype: FloatDtype };
  const std = options.scale / Math.sqrt(shape[0]!);
  if (options.law === 'uniform') return random.uniform(key, shape, { low: -std, high: std, dtype });
  return mul(random.normal(key, shape, { dtype }), std);
}

function matrixShape(model: Model, { taps, error }: Options): Shape {
  const blocks = blocksIn(model).map((block) => block.config as { readonly width: number; readonly hidden: number });
  const reachesHidden = taps === 'micro3' || taps === 'full';
  const widest = Math.max(...blocks.map(({ width, hidden }) => (reachesHidden ? Math.max(width, hidden) : width)));
  return [error === 'vocabulary' ? model.outputShape.at(-1)! : blocks[0]!.width, widest];
}

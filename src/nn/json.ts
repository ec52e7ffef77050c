/** Models as JSON and back: layers are data, so a kind and a config say all. */

import type { Shape } from '../engine/index.ts';
import { ConfigError, DataError } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import type { AttentionOptions } from './attention.ts';
import { attention } from './attention.ts';
import { chain } from './chain.ts';
import type { Conv2dOptions } from './convolution.ts';
import { conv2d } from './convolution.ts';
import type { DenseOptions } from './dense.ts';
import { dense } from './dense.ts';
import type { ConvTranspose2dOptions, DepthwiseConv2dOptions } from './depthwise.ts';
import { convTranspose2d, depthwiseConv2d, separableConv2d } from './depthwise.ts';
import type { EmbeddingOptions } from './embedding.ts';
import { embedding } from './embedding.ts';
import type { GatedLayerOptions, GatedOptions } from './gated.ts';
import { gru } from './gru.ts';
import type { Layer } from './layer.ts';
import type { LstmOptions } from './lstm.ts';
import { lstm } from './lstm.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import type { BatchNormOptions, LayerNormOptions } from './norm.ts';
import { batchNorm, layerNorm } from './norm.ts';
import type {
  ChannelNormOptions,
  ChannelScaleOptions,
  GroupNormOptions,
  InstanceNormOptions,
  RmsNormOptions,
} from './norm-more.ts';
import { channelNorm, channelScale, groupNorm, instanceNorm, rmsNorm } from './norm-more.ts';
import type { AvgPoolOptions, PoolOptions } from './plain.ts';
import { activation, avgPool, dropout, flatten, globalAvgPool, maxPool, stochasticDepth } from './plain.ts';
import type { ClassTokenOptions, PositionsOptions } from './position.ts';
import { classToken, positions } from './position.ts';
import type { RecurrentOptions } from './recurrent.ts';
import { recurrent } from './recurrent.ts';
import type { ResidualOptions } from './residual.ts';
import { residual } from './residual.ts';
import { tiedVocabulary } from './tied.ts';
import type { TransformerBlockOptions } from './transformer.ts';
import { transformerBlock } from './transformer.ts';
import { joined } from './unet.ts';
import { poolSequence, toSequence } from './vision-transformer.ts';

export interface LayerJson {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
}

export interface ModelJson extends LayerJson {
  readonly format: 'cotangent-model';
  readonly version: 1;
}

/** Makes a layer of its config; `build` makes the layers inside it. */
export type LayerFactory = (config: never, build: (json: LayerJson) => Layer) => Layer;

type Nested<T> = Omit<T, 'body' | 'skip'> & {
  readonly body: readonly LayerJson[];
  readonly skip?: readonly LayerJson[];
};

const FACTORIES: Readonly<Record<string, LayerFactory>> = {
  activation: (c: { name: ActivationName }) => activation(c.name),
  attention: (c: AttentionOptions) => attention(c),
  avgPool: (c: AvgPoolOptions) => avgPool(c),
  batchNorm: (c: BatchNormOptions) => batchNorm(c),
  chain: (c: { layers: readonly LayerJson[] }, build) => chain({ layers: c.layers.map(build) }),
  channelNorm: (c: ChannelNormOptions) => channelNorm(c),
  channelScale: (c: ChannelScaleOptions) => channelScale(c),
  classToken: (c: ClassTokenOptions) => classToken(c),
  conv2d: (c: Conv2dOptions) => conv2d(c),
  convTranspose2d: (c: ConvTranspose2dOptions) => convTranspose2d(c),
  dense: (c: DenseOptions) => dense(c),
  depthwiseConv2d: (c: DepthwiseConv2dOptions) => depthwiseConv2d(c),
  dropout: (c: { rate: number }) => dropout(c.rate),
  embedding: (c: EmbeddingOptions) => embedding(c),
  flatten,
  globalAvgPool,
  groupNorm: (c: GroupNormOptions) => groupNorm(c),
  gru: (c: GatedOptions & GatedLayerOptions) => gru(c),
  instanceNorm: (c: InstanceNormOptions) => instanceNorm(c),
  joined: (c: { body: readonly LayerJson[] }, build) => joined({ body: c.body.map(build) }),
  layerNorm: (c: LayerNormOptions) => layerNorm(c),
  lstm: (c: LstmOptions & GatedLayerOptions) => lstm(c),
  maxPool: (c: PoolOptions) => maxPool(c),
  model: (c: { inputShape: Shape; layers: readonly LayerJson[] }, build) => model(c.inputShape, c.layers.map(build)),
  poolSequence: (c: { pool: 'first' | 'mean' }) => poolSequence(c.pool),
  positions: (c: PositionsOptions) => positions(c),
  recurrent: (c: RecurrentOptions) => recurrent(c),
  residual: (c: Nested<ResidualOptions>, build) =>
    residual({ ...c, body: c.body.map(build), skip: c.skip?.map(build) }),
  rmsNorm: (c: RmsNormOptions) => rmsNorm(c),
  separableConv2d: (c: Conv2dOptions) => separableConv2d(c),
  stochasticDepth: (c: { rate: number }) => stochasticDepth(c.rate),
  tiedVocabulary: (c: { embedding: LayerJson; body: readonly LayerJson[] }, build) =>
    tiedVocabulary({ embedding: build(c.embedding), body: c.body.map(build) }),
  toSequence,
  transformerBlock: (c: TransformerBlockOptions) => transformerBlock(c),
};

const isLayer = (x: unknown): x is Layer => typeof x === 'object' && x !== null && 'kind' in x && 'pre' in x;

const plainValue = (x: unknown): unknown => (isLayer(x) ? layerToJson(x) : Array.isArray(x) ? x.map(plainValue) : x);

const layerToJson = ({ kind, config }: Layer): LayerJson => ({
  kind,
  config: Object.fromEntries(Object.entries(config).map(([name, value]) => [name, plainValue(value)])),
});

/** A model as plain data for JSON.stringify; parameters are not part of it. */
export const modelToJSON = (of: Model): ModelJson => ({ format: 'cotangent-model', version: 1, ...layerToJson(of) });

/** The model of plain data; `layers` adds factories for kinds of your own. */
export function modelFromJSON(
  json: unknown,
  { layers = {} }: { readonly layers?: Readonly<Record<string, LayerFactory>> } = {},
): Model {
  const { format, version, kind, config } = (json ?? {}) as Partial<ModelJson>;
  if (format !== 'cotangent-model' || kind !== 'model')
    throw new DataError('modelFromJSON: this is no model', { format, kind, help: 'pass what modelToJSON returned' });
  if (version !== 1)
    throw new DataError(`modelFromJSON: format version ${String(version)} is unknown`, {
      version,
      help: 'this release reads version 1',
    });
  const known = { ...FACTORIES, ...layers };
  const build = (part: LayerJson): Layer => buildLayer(part, known, build);
  return build({ kind, config: config ?? {} }) as Model;
}

function buildLayer(
  { kind, config }: LayerJson,
  known: Readonly<Record<string, LayerFactory>>,
  build: (json: LayerJson) => Layer,
): Layer {
  if (!Object.hasOwn(known, kind))
    throw new ConfigError(`modelFromJSON: the layer kind ${JSON.stringify(kind)} is unknown`, {
      kind,
      help: `known kinds are ${Object.keys(known).sort().join(', ')}`,
    });
  const layer = known[kind]!(config as never, build);
  const unknown = Object.keys(config).filter((name) => !Object.hasOwn(layer.config, name));
  if (unknown.length > 0)
    throw new ConfigError(`modelFromJSON: ${kind} has no option ${unknown.join(', ')}`, {
      kind,
      unknown,
      help: `its options are ${Object.keys(layer.config).join(', ')}`,
    });
  return layer;
}

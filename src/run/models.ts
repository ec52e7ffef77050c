/** Model presets by name, for the command line and for workers: `linear`, `mlp`, `mlp:256-128`, `mlp-tanh`, `mlp-sigmoid`, `cnn`, `resnet`, `convnext`, `vit`, `transformer`, `transformer:32-3`, `gru`, `lstm`. */

import type { Shape } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';
import type { ActivationName } from '../nn/activation.ts';
import type { Layer, Model } from '../nn/index.ts';
import {
  activation,
  batchNorm,
  conv2d,
  convNext,
  decoderTransformer,
  dense,
  embedding,
  flatten,
  globalAvgPool,
  gru,
  lstm,
  maxPool,
  model,
  residual,
  visionTransformer,
} from '../nn/index.ts';
import { isText } from './text-measures.ts';

export interface ModelPreset {
  readonly name: string;
  /** One sentence for lists. */
  readonly summary: string;
}

/** What `buildModel` knows. */
export const models: readonly ModelPreset[] = [
  { name: 'linear', summary: 'One dense layer.' },
  { name: 'mlp', summary: 'Dense layers with ReLU: 128 and 64 wide, or as wide as said, mlp:256-128.' },
  { name: 'mlp-tanh', summary: 'The same with tanh in its hidden layers, for rules that need bounded activities.' },
  { name: 'mlp-sigmoid', summary: 'The same with logistic units, for rules whose activities are rates.' },
  {
    name: 'cnn',
    summary:
      'Two 3×3 convolutions of 16 and 32 filters with batch normalisation, ReLU and pooling, then a dense layer.',
  },
  {
    name: 'resnet',
    summary: 'A convolution and two residual blocks of 16 and 32 filters, mean over the image, a dense layer.',
  },
  { name: 'convnext', summary: 'Patches of 2, two ConvNeXt blocks of 16 and two of 32 filters, a dense layer.' },
  {
    name: 'vit',
    summary: 'A vision Transformer: patches of 4 or 2, two blocks of width 32 and 4 heads, a class token.',
  },
  {
    name: 'transformer',
    summary:
      'For text: a decoder-only Transformer, two blocks of width 64, heads of 16; transformer:32-3 for three of width 32.',
  },
  { name: 'gru', summary: 'For text: an embedding of 32, 64 gated recurrent units, a dense layer at each place.' },
  { name: 'lstm', summary: 'For text: an embedding of 32, 64 LSTM units, a dense layer at each place.' },
];

/** Activation of the hidden layers of a chain of dense layers, by the model's name. */
const chains: Readonly<Record<string, ActivationName>> = { mlp: 'relu', 'mlp-tanh': 'tanh', 'mlp-sigmoid': 'logistic' };

const forText: readonly string[] = ['transformer', 'gru', 'lstm'];

/** What a model must know of a task. */
export interface ModelTask {
  readonly train: { readonly x: ArrayLike<number> };
  readonly featureShape: Shape;
  readonly outputs: number;
}

/** The specification itself, or for `auto` the one that suits the task: `gru` for text, `mlp` for numbers. */
export const namedModel = (spec: string, task: ModelTask): string =>
  spec !== 'auto' ? spec : isText(task) ? 'gru' : 'mlp';

/** Builds the model that a specification names for a task; refuses a model of numbers where the samples are ids, and the other way round. */
export function modelFor(spec: string, task: ModelTask): Model {
  const kind = spec.split(':')[0]!;
  const wantsText = forText.includes(kind);
  if (models.some(({ name }) => name === kind) && wantsText !== isText(task)) {
    const help = wantsText
      ? 'use a task of text: sentences, markov, tiny-shakespeare'
      : 'use --model gru, lstm or transformer';
    const [takes, are] = wantsText ? ['windows of ids', 'numbers'] : ['numbers', 'ids'];
    throw new ConfigError(`the model "${spec}" takes ${takes}, but the samples of this task are ${are}`, {
      spec,
      help,
    });
  }
  return buildModel(spec, task.featureShape, task.outputs);
}

/** Builds the model that a specification names, for samples of a shape and a number of outputs. */
export function buildModel(spec: string, input: Shape, outputs: number): Model {
  const [name, detail] = spec.split(':') as [string, string?];
  const last = dense({ units: outputs });
  if (detail !== undefined && name !== 'transformer' && !Object.hasOwn(chains, name))
    throw new ConfigError(`the model "${name}" takes no widths, but "${spec}" gives some`, {
      spec,
      help: `write --model ${name}`,
    });
  switch (name) {
    case 'linear':
      return model(input, [...flat(input), last]);
    case 'mlp':
    case 'mlp-tanh':
    case 'mlp-sigmoid':
      return model(input, [
        ...flat(input),
        ...widthsOf(detail, spec).map((units) => dense({ units, activation: chains[name]! })),
        last,
      ]);
    case 'cnn':
      return model(imageShape(input, spec), [...stage(16), ...stage(32), flatten(), last]);
    case 'resnet':
      return model(imageShape(input, spec), [...convolution(16), block(16, 1), block(32, 2), globalAvgPool(), last]);
    case 'convnext':
      return convNext({ input: imageShape(input, spec), classes: outputs, blocks: [2, 2], widths: [16, 32], patch: 2 });
    case 'vit':
      return patched(imageShape(input, spec), outputs, spec);
    case 'transformer':
      return decoder({ context: textLength(input, spec), vocabulary: outputs }, detail, spec);
    case 'gru':
    case 'lstm':
      return model(
        [textLength(input, spec)],
        [
          embedding({ vocabulary: outputs, units: 32 }),
          name === 'gru' ? gru({ units: 64 }) : lstm({ units: 64 }),
          last,
        ],
      );
    default:
      throw new ConfigError(`there is no model "${spec}"`, {
        spec,
        help: `models are ${models.map((m) => m.name).join(', ')}; widths are written mlp:256-128 and transformer:32-3`,
      });
  }
}

const flat = (input: Shape): Layer[] => (input.length > 1 ? [flatten()] : []);

function widthsOf(detail: string | undefined, spec: string): number[] {
  if (detail === undefined) return [128, 64];
  const widths = detail.split('-').map(Number);
  if (widths.some((w) => !Number.isInteger(w) || w < 1))
    throw new ConfigError(`"${spec}" names no hidden widths`, { spec, help: 'write mlp:256-128' });
  return widths;
}

/** Width and depth as said, `64-2` unless said; heads of 16 features, or one head where the width is no multiple of that. */
function decoder(
  sizes: { readonly context: number; readonly vocabulary: number },
  detail: string | undefined,
  spec: string,
): Model {
  const given = (detail ?? '64-2').split('-').map(Number);
  const [width, depth = 2] = given;
  if (given.length > 2 || ![width, depth].every((n) => Number.isInteger(n) && n! >= 1))
    throw new ConfigError(`"${spec}" names no width and depth`, {
      spec,
      help: 'write --model transformer:32-3 for three blocks of width 32',
    });
  return decoderTransformer({ ...sizes, width: width!, heads: width! % 16 === 0 ? width! / 16 : 1, depth });
}

function imageShape(input: Shape, spec: string): Shape {
  if (input.length !== 3)
    throw new ConfigError(`the model "${spec}" takes images, but a sample has shape [${input.join(', ')}]`, {
      spec,
      input,
      help: 'use --model mlp',
    });
  return input;
}

const convolution = (filters: number): Layer[] => [
  conv2d({ filters, kernel: 3, padding: 'same', bias: false }),
  batchNorm(),
  activation('relu'),
];

const stage = (filters: number): Layer[] => [...convolution(filters), maxPool({ size: 2 })];

const block = (filters: number, stride: number): Layer =>
  residual({
    body: [
      conv2d({ filters, kernel: 3, padding: 'same', stride, bias: false }),
      batchNorm(),
      activation('relu'),
      conv2d({ filters, kernel: 3, padding: 'same', bias: false }),
      batchNorm(),
    ],
  });

/** Patches of 4 where they fit, else of 2. */
function patched(input: Shape, classes: number, spec: string): Model {
  const patch = [4, 2].find((size) => input[1]! % size === 0 && input[2]! % size === 0);
  if (patch === undefined)
    throw new ConfigError(`the model "${spec}" cuts images into patches, but ${input[1]} × ${input[2]} is odd`, {
      spec,
      input,
      help: 'use --model cnn',
    });
  return visionTransformer({ input, classes, patch, width: 32, heads: 4, depth: 2 });
}

function textLength(input: Shape, spec: string): number {
  if (input.length === 1) return input[0]!;
  throw new ConfigError(`the model "${spec}" takes windows of ids, but a sample has shape [${input.join(', ')}]`, {
    spec,
    input,
    help: 'use a task of text: sentences, markov, tiny-shakespeare',
  });
}

/** Model presets by name, for the command line and for workers: `linear`, `mlp`, `mlp:256-128`, `cnn`, `resnet`. */

import type { Shape } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';
import type { Layer, Model } from '../nn/index.ts';
import { activation, batchNorm, conv2d, dense, flatten, globalAvgPool, maxPool, model, residual } from '../nn/index.ts';

export interface ModelPreset {
  readonly name: string;
  /** One sentence for lists. */
  readonly summary: string;
}

/** What `buildModel` knows. */
export const models: readonly ModelPreset[] = [
  { name: 'linear', summary: 'One dense layer.' },
  { name: 'mlp', summary: 'Dense layers with ReLU: 128 and 64 wide, or as wide as said, mlp:256-128.' },
  {
    name: 'cnn',
    summary:
      'Two 3×3 convolutions of 16 and 32 filters with batch normalisation, ReLU and pooling, then a dense layer.',
  },
  {
    name: 'resnet',
    summary: 'A convolution and two residual blocks of 16 and 32 filters, mean over the image, a dense layer.',
  },
];

/** Builds the model that a specification names, for samples of a shape and a number of outputs. */
export function buildModel(spec: string, input: Shape, outputs: number): Model {
  const [name, detail] = spec.split(':') as [string, string?];
  const last = dense({ units: outputs });
  if (detail !== undefined && name !== 'mlp')
    throw new ConfigError(`the model "${name}" takes no widths, but "${spec}" gives some`, {
      spec,
      help: `write --model ${name}`,
    });
  switch (name) {
    case 'linear':
      return model(input, [...flat(input), last]);
    case 'mlp':
      return model(input, [
        ...flat(input),
        ...widthsOf(detail, spec).map((units) => dense({ units, activation: 'relu' })),
        last,
      ]);
    case 'cnn':
      return model(imageShape(input, spec), [...stage(16), ...stage(32), flatten(), last]);
    case 'resnet':
      return model(imageShape(input, spec), [...convolution(16), block(16, 1), block(32, 2), globalAvgPool(), last]);
    default:
      throw new ConfigError(`there is no model "${spec}"`, {
        spec,
        help: `models are ${models.map((m) => m.name).join(', ')}; widths are written mlp:256-128`,
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

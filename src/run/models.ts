/** Model presets by name, for the command line and for workers: `linear`, `mlp`, `mlp:256-128`, `cnn`, `resnet`. */

import type { Shape } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';
import type { Layer, Model } from '../nn/index.ts';
import { activation, batchNorm, conv2d, dense, flatten, globalAvgPool, maxPool, model, residual } from '../nn/index.ts';

const NAMES = 'linear, mlp, mlp:256-128, cnn, resnet';

/** Builds the model that a specification names, for samples of a shape and a number of outputs. */
export function buildModel(spec: string, input: Shape, outputs: number): Model {
  const [name, detail] = spec.split(':') as [string, string?];
  const flat: Layer[] = input.length > 1 ? [flatten()] : [];
  switch (name) {
    case 'linear':
      return model(input, [...flat, dense({ units: outputs })]);
    case 'mlp':
      return model(input, [
        ...flat,
        ...widthsOf(detail, spec).map((units) => dense({ units, activation: 'relu' })),
        dense({ units: outputs }),
      ]);
    case 'cnn':
      return model(imageShape(input, spec), [
        ...convolution(16),
        maxPool({ size: 2 }),
        ...convolution(32),
        maxPool({ size: 2 }),
        flatten(),
        dense({ units: outputs }),
      ]);
    case 'resnet':
      return model(imageShape(input, spec), [
        ...convolution(16),
        block(16, 1),
        block(32, 2),
        globalAvgPool(),
        dense({ units: outputs }),
      ]);
    default:
      throw new ConfigError(`there is no model "${spec}"`, { spec, help: `models are ${NAMES}` });
  }
}

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

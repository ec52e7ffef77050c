/** A model as a table of text. */

import type { Shape } from '../engine/index.ts';
import { showShape } from '../engine/index.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { layerNames } from './model.ts';
import { paramCount } from './structure.ts';

/** The layers of a model with the shape of one sample behind each and their parameter counts, and the total; layers inside a block are indented. */
export function summary(model: Model): string {
  const rows = [
    ['layer', 'output', 'params'],
    ['input', showShape(model.inputShape), ''],
    ...rowsOf(model, model.inputShape, ''),
    ['total', '', count(paramCount(model, model.inputShape))],
  ];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows
    .map((row) =>
      `${row[0]!.padEnd(widths[0]!)}  ${row[1]!.padEnd(widths[1]!)}  ${row[2]!.padStart(widths[2]!)}`.trimEnd(),
    )
    .join('\n');
}

function rowsOf(block: Layer, input: Shape, indent: string): string[][] {
  const children = block.children ?? [];
  const names = block.childNames ?? layerNames(children);
  const inputs = block.childInputs!(input);
  return children.flatMap((layer, i) => {
    const inside = layer.children === undefined ? [] : rowsOf(layer, inputs[i]!, `${indent}  `);
    const name = names[i]!;
    return [
      [`${indent}${name}${detail(layer)}`, showShape(layer.outShape(inputs[i]!)), count(paramCount(layer, inputs[i]!))],
      ...inside,
    ];
  });
}

const detail = ({ config: { activation } }: Layer): string =>
  typeof activation === 'string' && activation !== 'identity' ? ` (${activation})` : '';

const count = (n: number): string => n.toLocaleString('en-US');

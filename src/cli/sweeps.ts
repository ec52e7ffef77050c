/** `graph --at`: an expression of numbers with the value and the gradient of every node, and its backward sweep step by step. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type BackwardStep,
  backwardGradients,
  backwardSteps,
  ConfigError,
  emptyTally,
  forwardTangents,
  forwardValues,
  gradientsAfter,
  operationsOf,
  type ScalarGraph,
  setDefaultDtype,
  type Tensor,
  traceScalars,
  type Values,
} from '../engine/index.ts';
import { scalarLabels, scalarPlot } from '../plot/scalar-graph.ts';
import { formatNumber } from '../plot/units.ts';
import { cellNumber, type ValueNode, valueGraphDot, valueGraphSvg } from '../plot/value-graph.ts';
import { writeAtomic } from '../run/files.ts';
import { evaluate, inputsOf, parseExpression } from './expression.ts';
import type { Line } from './lines.ts';
import { writeLine, writeTable } from './output.ts';
import { runFolder } from './run-folder.ts';
import type { Io } from './verb.ts';

export interface SweepsCall {
  readonly at: Readonly<Record<string, number>>;
  readonly steps: boolean;
  readonly out: string | undefined;
  readonly json: boolean;
  readonly io: Io;
  say(line: string): void;
}

/** More pictures of steps than these nobody looks at. */
const mostPictures = 100;

/** Runs both sweeps, writes tables or lines, and the pictures. */
export async function showSweeps(text: string, call: SweepsCall): Promise<void> {
  const { at, io, json, say } = call;
  const scalar = scalarExpression(text, at);
  const point = scalar.names.map((name) => at[name]!);
  const values = forwardValues(scalar, point);
  const nodes = scalarPlot(scalar, values, backwardGradients(scalar, values));
  const taken = call.steps ? backwardSteps(scalar, values) : [];
  const folder = await runFolder(call.out, 'graph', io);
  const to = { io, values: { json } };
  const labels = scalarLabels(scalar);
  if (!json)
    writeTable(
      [...valueColumns],
      nodes.map((n) => valueRow(n, nodes)),
      to,
    );
  for (const node of nodes) writeLine(valueLine(node, nodes), to);
  const lines = taken.map((step, i) => stepLine(step, i, labels));
  if (lines.length > 0 && !json) {
    io.stdout.write('\n');
    writeTable([...stepColumns], lines.map(stepRow), to);
  }
  for (const line of lines) writeLine(line, to);
  const pictures = await writePictures(text, nodes, resolve(io.cwd, folder));
  if (taken.length > 0) await writeSteps(text, { scalar, values, taken }, resolve(io.cwd, folder, 'steps'));
  const counts = countsOf(scalar, point);
  writeLine(
    { type: 'sweeps', of: text, ...counts, svg: join(folder, pictures.svg), dot: join(folder, pictures.dot) },
    to,
  );
  say(
    `\n${counts.forward} operations, ${counts.backward} more for all gradients (${counts.ratio === null ? '–' : formatNumber(counts.ratio)} × together); by forward mode ${counts.forwardMode} in all`,
  );
  say(
    `${join(folder, pictures.svg)}, ${join(folder, pictures.dot)}${taken.length > 0 ? `, ${join(folder, 'steps')}` : ''}`,
  );
}

function scalarExpression(text: string, at: Readonly<Record<string, number>>): ScalarGraph {
  const expression = parseExpression(text);
  const names = inputsOf(expression);
  const missing = names.find((name) => !Object.hasOwn(at, name));
  if (missing !== undefined)
    throw new ConfigError(`the input "${missing}" has no number`, {
      name: missing,
      help: `add it: --at ${missing}=1,…`,
    });
  const unused = Object.keys(at).find((name) => !names.includes(name));
  if (unused !== undefined)
    throw new ConfigError(`--at names "${unused}", which the expression does not use`, {
      name: unused,
      help: `its inputs are ${names.join(', ') || 'none'}`,
    });
  setDefaultDtype('f64');
  return traceScalars(
    (...xs) => asTensor(evaluate(expression, new Map(names.map((name, i) => [name, xs[i]!])))),
    names,
  );
}

function asTensor(y: unknown): Tensor {
  if (typeof y === 'object' && y !== null && 'shape' in y) return y as Tensor;
  throw new ConfigError('the expression has no input, or makes a list', {
    help: 'write one number that depends on named inputs: (a*b + c)*f',
  });
}

type LineOf<T extends Line['type']> = Extract<Line, { type: T }>;

const labelOf = (id: string, nodes: readonly ValueNode[]): string => nodes.find((n) => n.id === id)!.label;

const valueLine = ({ label, data, grad, op }: ValueNode, nodes: readonly ValueNode[]): LineOf<'value'> => ({
  type: 'value',
  label,
  op: op?.name ?? null,
  from: op?.from.map((id) => labelOf(id, nodes)) ?? [],
  data: finite(data),
  grad: finite(grad),
});

const finite = (x: number | null): number | null => (x !== null && Number.isFinite(x) ? x : null);

const valueColumns = [
  { head: 'value' },
  { head: 'is', rank: 1 },
  { head: 'data', align: 'right' },
  { head: 'grad', align: 'right' },
] as const;

const valueRow = ({ label, op, kind, data, grad }: ValueNode, nodes: readonly ValueNode[]): string[] => [
  label,
  op === undefined ? (kind ?? '') : `${op.name} of ${op.from.map((id) => labelOf(id, nodes)).join(' and ')}`,
  cellNumber(data),
  kind === 'constant' ? '–' : cellNumber(grad),
];

const stepLine = (step: BackwardStep, i: number, labels: ReadonlyMap<number, string>): LineOf<'step'> => ({
  type: 'step',
  step: i + 1,
  op: step.op,
  from: labels.get(step.from)!,
  to: labels.get(step.to)!,
  arrived: finite(step.arrived),
  local: finite(step.local),
  product: finite(step.product),
  before: finite(step.before),
  after: finite(step.after),
});

const stepColumns = [
  { head: 'step', align: 'right' },
  { head: 'from' },
  { head: 'to' },
  { head: 'grad', align: 'right' },
  { head: 'local', align: 'right' },
  { head: 'product', align: 'right' },
  { head: 'before', align: 'right', rank: 1 },
  { head: 'after', align: 'right' },
] as const;

const stepRow = ({ step, op, from, to, arrived, local, product, before, after }: LineOf<'step'>): string[] => [
  String(step),
  `${from} (${op})`,
  to,
  ...[arrived, local, product, before, after].map(cellNumber),
];

/** Operations of f, of its backward sweep, and of f with a forward-mode sweep for each input. */
function countsOf(scalar: ScalarGraph, at: readonly number[]) {
  const [f, b, t] = [emptyTally(), emptyTally(), emptyTally()];
  const values = forwardValues(scalar, at, f);
  backwardGradients(scalar, values, { tally: b });
  for (const i of at.keys())
    forwardTangents(
      scalar,
      values,
      at.map((_, k) => Number(k === i)),
      t,
    );
  const [forward, backward] = [operationsOf(f), operationsOf(b)];
  const ratio = forward === 0 ? null : (forward + backward) / forward;
  return { forward, backward, ratio, forwardMode: forward + operationsOf(t) };
}

async function writePictures(title: string, nodes: readonly ValueNode[], folder: string) {
  await writeAtomic(join(folder, 'graph.svg'), `${valueGraphSvg(nodes, { title })}\n`);
  await writeAtomic(join(folder, 'graph.dot'), valueGraphDot(nodes));
  return { svg: 'graph.svg', dot: 'graph.dot' };
}

interface Sweep {
  readonly scalar: ScalarGraph;
  readonly values: Values;
  readonly taken: readonly BackwardStep[];
}

/** A picture for each step: what is known of the gradients after it, with the operation and its two values set off. */
async function writeSteps(text: string, { scalar, values, taken }: Sweep, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [i, { from, to, local, arrived, before, after }] of taken.slice(0, mostPictures).entries()) {
    const nodes = scalarPlot(scalar, values, gradientsAfter(scalar, taken, i + 1));
    const title = `${text}, step ${i + 1} of ${taken.length}: ${cellNumber(before)} + ${cellNumber(arrived)} · ${cellNumber(local)} = ${cellNumber(after)}`;
    const marked = new Set([`v${from}`, `v${from}=`, `v${to}`]);
    await writeAtomic(
      join(folder, `${String(i + 1).padStart(3, '0')}.svg`),
      `${valueGraphSvg(nodes, { title, marked })}\n`,
    );
  }
}

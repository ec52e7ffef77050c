/** `graph`: what an expression or a function compiles to, with its cost, as a listing and as pictures. */
import { basename, join, resolve } from 'node:path';
import {
  type Aval,
  add,
  backend,
  ConfigError,
  costOf,
  defaultDtype,
  full,
  type Graph,
  isFloat,
  leavesOf,
  optimize,
  printGraph,
  sum,
  Tensor,
  traceGraph,
  valueAndGrad,
} from '../engine/index.ts';
import { graphDot, graphSvg } from '../plot/graph.ts';
import { formatBytes, formatSi } from '../plot/units.ts';
import { useEngine } from '../run/engine-settings.ts';
import { writeAtomic } from '../run/files.ts';
import { evaluate, inputsOf, parseExpression } from './expression.ts';
import { assignments, flag, type InputShape, shapes } from './fields.ts';
import { engineOf } from './learning.ts';
import type { Line } from './lines.ts';
import { writeLine } from './output.ts';
import { plotGraphOf } from './plot-graph.ts';
import { runFolder } from './run-folder.ts';
import { showSweeps } from './sweeps.ts';
import { importUserFile } from './user-file.ts';
import { type Call, defineVerb, engineOptions, option, preset } from './verb.ts';

const options = {
  shape: {
    ...option('--shape <name=shape>', 'an input: x=2,3, or n=4:i32; once for each', shapes()),
    isMany: true,
  },
  grad: preset('--grad', 'the value and its gradient by every float input', flag(), false),
  at: option('--at <numbers>', 'numbers for the inputs, a=2,b=-3: value and gradient of every node', assignments()),
  steps: preset('--steps', 'with --at: the backward sweep step by step, a picture each', flag(), false),
  ...engineOptions,
} as const;

type GraphCall = Call<typeof options>;

export const graphVerb = defineVerb({
  name: 'graph',
  summary: 'draw and cost the graph of an expression or of a file',
  args: [
    { name: '<expression|file>', about: 'an expression of ops, or a .ts/.js file that exports a function and shapes' },
  ],
  options,
  examples: [
    [
      'cotangent graph "tanh(matmul(x, w) + b)" --shape x=2,3 --shape w=3,4 --shape b=4',
      'nodes, FLOPs, bytes, and graph.svg',
    ],
    ['cotangent graph "sum(tanh(x) ** 2)" --shape x=1000 --grad', 'with the gradient'],
    ['cotangent graph "(a*b + c)*f" --at a=2,b=-3,c=10,f=-2 --steps', 'backpropagation on numbers, step by step'],
    ['cotangent graph examples/attention.ts --out attention', 'a function of your own'],
  ],
  async run(call) {
    const { args, values, io, ui } = call;
    useEngine(engineOf(values));
    const of = args[0]!;
    if (values.at !== undefined || values.steps) return sweep(of, call);
    const subject = await subjectOf(of, call);
    const traced = optimize(traceOf(subject, values.grad));
    const folder = await runFolder(values.out, 'graph', io);
    const line = await writePictures(traced, { of, names: subject.names, gradient: values.grad }, folder, call);
    writeLine(line, call);
    if (traced.nodes.length <= 60) ui.say(`${printGraph(traced)}\n`);
    ui.say(`${line.nodes} nodes, ${formatSi(line.flops, 'FLOP')} (${formatSi(line.macs, 'MAC')})`);
    ui.say(
      `${formatBytes(line.trafficBytes)} read and written unfused, peak ${formatBytes(line.peakBytes)} of program memory`,
    );
    ui.say(`${line.svg}, ${line.dot}`);
    return 0;
  },
});

/** The face of scalar mode. */
async function sweep(of: string, { values, io, ui }: GraphCall): Promise<number> {
  if (values.at === undefined || isFile(of) || values.shape !== undefined || values.grad)
    throw new ConfigError(values.at === undefined ? '--steps needs numbers' : '--at is for an expression of numbers', {
      help: 'give an expression and a number for each input, without --shape and --grad: --at a=2,b=-3',
    });
  const { at, steps, out, json } = values;
  await showSweeps(of, { at, steps, out, json, io, say: (line) => ui.say(line) });
  return 0;
}

/** A function of tensors, and what its inputs look like. */
interface Subject {
  readonly f: (...xs: Tensor[]) => unknown;
  readonly inputs: readonly Aval[];
  readonly names: readonly string[];
}

type GraphLine = Extract<Line, { type: 'graph' }>;

/** What the pictures are told to be of. */
interface Told {
  readonly of: string;
  readonly names: readonly string[];
  readonly gradient: boolean;
}

const isFile = (text: string): boolean => /\.m?[jt]s$/.test(text);

const subjectOf = (of: string, { values, io }: GraphCall): Promise<Subject> | Subject =>
  isFile(of) ? fileSubject(of, io.cwd) : expressionSubject(of, values.shape ?? {});

function expressionSubject(text: string, given: Readonly<Record<string, InputShape>>): Subject {
  const expression = parseExpression(text);
  const names = inputsOf(expression);
  const missing = names.find((name) => !Object.hasOwn(given, name));
  if (missing !== undefined)
    throw new ConfigError(`the input "${missing}" has no shape`, {
      name: missing,
      help: `add --shape ${missing}=2,3, or --shape ${missing}= for a scalar`,
    });
  const unused = Object.keys(given).find((name) => !names.includes(name));
  if (unused !== undefined)
    throw new ConfigError(`--shape names "${unused}", which the expression does not use`, {
      name: unused,
      help: `its inputs are ${names.join(', ') || 'none'}`,
    });
  const f = (...xs: Tensor[]) => evaluate(expression, new Map(names.map((name, i) => [name, xs[i]!])));
  return { f, names, inputs: names.map((name) => withDtype(given[name]!)) };
}

/** `f32` unless a dtype was written. */
const withDtype = ({ shape, dtype }: InputShape): Aval => ({ shape, dtype: dtype ?? defaultDtype() });

async function fileSubject(file: string, cwd: string): Promise<Subject> {
  const exported = await importUserFile(file, cwd);
  const f = exported.default ?? exported.f;
  const given = exported.shapes;
  if (typeof f !== 'function' || typeof given !== 'object' || given === null)
    throw new ConfigError(`${file} exports ${Object.keys(exported).join(', ') || 'nothing'}`, {
      file,
      help: 'export a default function of tensors and shapes, such as { x: [2, 3], w: [3, 4] } in the order of its arguments',
    });
  const inputs = Object.values(given as Record<string, readonly number[]>).map((shape) => withDtype({ shape }));
  return { f: f as Subject['f'], names: Object.keys(given), inputs };
}

/** The graph of the function, or of its value and gradient: the sum of the outputs by every float input. */
function traceOf({ f, inputs }: Subject, withGradient: boolean): Graph {
  const plain = (...xs: Tensor[]) => leavesOf(f(...xs)).map(asOutput);
  return traceGraph(withGradient ? (...xs) => valueAndGradient(plain, xs) : plain, inputs, 'graph');
}

function valueAndGradient(f: (...xs: Tensor[]) => Tensor[], xs: readonly Tensor[]): Tensor[] {
  const total = (moving: readonly Tensor[]): Tensor => {
    let at = 0;
    const outputs = f(...xs.map((x) => (isFloat(x.dtype) ? moving[at++]! : x)));
    return outputs.map((y) => sum(y)).reduce((a, b) => add(a, b));
  };
  const [value, gradient] = valueAndGrad(total)(xs.filter((x) => isFloat(x.dtype)));
  return [value, ...gradient];
}

const asOutput = (y: unknown): Tensor => {
  if (y instanceof Tensor) return y;
  if (typeof y === 'number') return full([], y);
  throw new ConfigError('the function returns something that is no tensor', {
    help: 'return a tensor, or an array or object of them',
  });
};

async function writePictures(
  graph: Graph,
  { of, names, gradient }: Told,
  folder: string,
  { io }: GraphCall,
): Promise<GraphLine> {
  const { flops, macs, traffic, nodes } = costOf(graph);
  const peakBytes = backend().compile(graph, {}).peakBytes;
  const plot = plotGraphOf(graph, names);
  const [svg, dot] = [join(folder, 'graph.svg'), join(folder, 'graph.dot')];
  const name = isFile(of) ? basename(of) : of;
  const title = gradient ? `gradient of ${name}` : name;
  const description = `${nodes} nodes, ${formatSi(flops, 'FLOP')}, peak ${formatBytes(peakBytes)}`;
  await writeAtomic(resolve(io.cwd, svg), graphSvg(plot, { title, description }));
  await writeAtomic(resolve(io.cwd, dot), graphDot(plot));
  const outputs = graph.outputs.map((id) => ({ dtype: graph.avals[id]!.dtype, shape: [...graph.avals[id]!.shape] }));
  return { type: 'graph', of, gradient, outputs, nodes, flops, macs, trafficBytes: traffic, peakBytes, svg, dot };
}

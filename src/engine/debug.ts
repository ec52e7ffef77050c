/**
 * What the engine does, in words: which calls are traced and why, graphs, plans, and where the time of each kernel goes.
 *
 * Level 1  a line for every trace, with the argument that forced it, and for every compiled program.
 * Level 2  also its graph, and its plan: every kernel call with its operands and the places of its blocks.
 * Level 3  also, once a program is warm, its kernels with FLOPs, bytes, time and the share of the ceiling; programs then run on one thread, call by call, with the same bits.
 */
import { type CompiledProgram, setProbe } from './backends/probe.ts';
import { measureCeiling } from './backends/wasm/ceiling.ts';
import { finishedOp } from './backends/wasm/lower-finished.ts';
import { type FusedParams, type FusedStep, fusedOp } from './backends/wasm/lower-fused.ts';
import type { PlannedBlock, PlannedCall } from './backends/wasm/plan.ts';
import { ConfigError } from './errors.ts';
import { type Graph, type GraphNode, printGraph } from './graph.ts';
import { trafficOf } from './op.ts';

export type DebugLevel = 0 | 1 | 2 | 3;

/** Runs of a program before its kernels are reported; the first few warm it up and do not count. */
const REPORTED_RUN = 12;
const WARM_RUNS = 4;

/** Sets how much the engine tells, and to whom; level 0 ends it. */
export function setDebug(level: DebugLevel, write: (text: string) => void): void {
  if (![0, 1, 2, 3].includes(level))
    throw new ConfigError(`setDebug: there is no level ${level}`, { level, help: 'choose 0, 1, 2 or 3' });
  if (level === 0) {
    setProbe(null);
    return;
  }
  const watched = new Map<CompiledProgram, { readonly name: string; readonly runs: (readonly number[])[] }>();
  let name = '';
  let made = 0;
  setProbe({
    traced(what, why) {
      name = what;
      write(`${what}: traced, ${why}`);
    },
    compiled(program) {
      const title = `${name || 'program'} #${++made}`;
      watched.set(program, { name: title, runs: [] });
      write(`${title}: ${summary(program)}`);
      if (level >= 2) write(`${indented(graphText(program.graph))}\n${indented(planText(program))}`);
    },
    ran:
      level < 3
        ? null
        : (program, ms) => {
            const entry = watched.get(program);
            if (entry === undefined || entry.runs.push(ms) !== REPORTED_RUN) return;
            write(`${entry.name}: ${kernelTable(program, entry.runs.slice(WARM_RUNS))}`);
            watched.delete(program);
          },
  });
}

const indented = (text: string): string => text.replace(/^/gm, '  ');
const kib = (bytes: number): string => `${Number((bytes / 1024).toPrecision(3))} KiB`;
const figure = (x: number): string => (x === 0 ? '0' : String(Number(x.toPrecision(3))));

/** What a node does: for a fused chain the names of its steps, for a finished product also those that finish it. */
function nameOf({ op, params }: GraphNode): string {
  const { steps, code, product } = params as { steps?: readonly FusedStep[]; code?: FusedParams; product?: GraphNode };
  const chain = (steps ?? code?.steps)?.map((s) => s.node.op.name).join('·');
  return chain === undefined ? op.name : product === undefined ? chain : `${product.op.name}·${chain}`;
}

/** The listing of a graph, without the inside of fused nodes. */
function graphText(graph: Graph): string {
  const nodes = graph.nodes.map((node) =>
    isJoined(node) ? { ...node, op: { ...node.op, name: nameOf(node) }, params: {} } : node,
  );
  return printGraph({ ...graph, nodes });
}

const isJoined = ({ op }: GraphNode): boolean => op.name === fusedOp.name || op.name === finishedOp.name;

function summary({ graph, plan, profile }: CompiledProgram): string {
  const costs = graph.nodes.map((_, i) => costAt(graph, i));
  const flops = costs.reduce((sum, c) => sum + c.flops, 0);
  const bytes = costs.reduce((sum, c) => sum + c.traffic, 0);
  return `${graph.nodes.length} nodes, ${plan.calls.length} calls, ${figure(flops / 1e6)} MFLOP, ${kib(bytes)} read and written, peak ${kib(plan.peakBytes)}, ${profile}`;
}

function costAt({ nodes, avals }: Graph, position: number): { flops: number; traffic: number } {
  const { op, inputs, outputs, params } = nodes[position]!;
  const [ins, outs] = [inputs.map((id) => avals[id]!), outputs.map((id) => avals[id]!)];
  return { flops: op.cost(ins, outs, params).flops, traffic: op.isView === true ? 0 : trafficOf(ins, outs) };
}

/** `%0` is the first argument, `+64` a place in the segment, `=0` the first result. */
function placeText({ place }: PlannedBlock, offset: number): string {
  const at = place.offset + offset;
  if (place.kind === 'segment') return `+${at}`;
  return `${place.kind === 'input' ? '%' : '='}${place.index}${at === 0 ? '' : `+${at}`}`;
}

/** The kind of kernel, without what it is specialised to. */
const kindOf = ({ spec }: PlannedCall): string => spec.key.split(' ')[0]!;

function planText({ graph, plan }: CompiledProgram): string {
  return plan.calls
    .map((call) => {
      const operands = call.args.map((a) =>
        typeof a === 'number'
          ? String(a)
          : `${placeText(plan.blocks[a.block]!, a.offset)}:${a.dtype}[${a.shape.join(',')}]`,
      );
      return `${nameOf(graph.nodes[call.node]!)} → ${kindOf(call)}(${operands.join(' ')})  # 0…${call.share}`;
    })
    .join('\n');
}

interface Kernel {
  readonly name: string;
  calls: number;
  flops: number;
  bytes: number;
  ms: number;
}

/** Kernels that take most time first; the time of a call is its median over the runs. */
function kernelTable(program: CompiledProgram, runs: readonly (readonly number[])[]): string {
  const kernels = [...groupedKernels(program, runs)].sort((a, b) => b.ms - a.ms);
  const ceiling = measureCeiling(program.profile);
  const total = kernels.reduce((sum, k) => sum + k.ms, 0);
  const rows = kernels.map(({ name, calls, flops, bytes, ms }) => [
    name,
    String(calls),
    figure(flops / 1e6),
    figure(bytes / 1024),
    figure(ms * 1000),
    `${figure((100 * ms) / total)} %`,
    figure(flops / ms / 1e6),
    `${figure((100 * flops) / ms / ceiling)} %`,
    figure(bytes / ms / 1e6),
  ]);
  const head = ['kernel', 'calls', 'MFLOP', 'KiB', 'µs', 'of time', 'GFLOP/s', 'of ceiling', 'GB/s'];
  return `${figure(total)} ms in kernels; ceiling ${figure(ceiling / 1e6)} GFLOP/s\n${aligned([head, ...rows])}`;
}

/** Kernels by what they do; the operations and bytes of a node count for the longest of its calls. */
function groupedKernels({ graph, plan }: CompiledProgram, runs: readonly (readonly number[])[]): Iterable<Kernel> {
  const times = plan.calls.map((_, i) => middle(runs.map((ms) => ms[i]!)));
  const longest = new Map<number, number>();
  plan.calls.forEach(({ node }, i) => {
    if (times[i]! > (times[longest.get(node) ?? -1] ?? -1)) longest.set(node, i);
  });
  const groups = new Map<string, Kernel>();
  plan.calls.forEach((call, i) => {
    const node = graph.nodes[call.node]!;
    const { inputs, outputs } = node;
    const shape = (id: number): string => graph.avals[id]!.shape.join('×') || 'scalar';
    const name = `${nameOf(node)} ${inputs.map(shape).join(' · ')} → ${shape(outputs[0]!)} (${kindOf(call)})`;
    const kernel = groups.get(name) ?? { name, calls: 0, flops: 0, bytes: 0, ms: 0 };
    groups.set(name, kernel);
    const { flops, traffic } = longest.get(call.node) === i ? costAt(graph, call.node) : { flops: 0, traffic: 0 };
    kernel.calls += 1;
    kernel.flops += flops;
    kernel.bytes += traffic;
    kernel.ms += times[i]!;
  });
  return groups.values();
}

const middle = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)]!;

/** Text to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)));
  return rows
    .map(
      (row) => `  ${row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!))).join('  ')}`,
    )
    .join('\n');
}

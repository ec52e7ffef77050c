/**
 * The memory plan: which values share which bytes of one segment, decided before anything runs.
 *
 * Views share their source's block, an elementwise result may take over an operand that dies, results may take over donated inputs; the other values are placed largest first at the lowest offset
 * that is free during their whole life: in the memory of a result that is not born yet or, where none has room, in the segment.
 */
import { remembered } from '../../cache.ts';
import type { ValueId } from '../../dag.ts';
import type { Graph } from '../../graph.ts';
import { trafficOf } from '../../op.ts';
import { bytesOf } from '../../tensor.ts';
import { roundUp } from './arena.ts';
import { loweringOf } from './host.ts';
import type { Operand } from './lower.ts';
import type { Profile } from './profile.ts';
import { type KernelCall, Recorder } from './recorder.ts';

/** Where a block is: in an input, in the storage of a result, or in the segment; `offset` in bytes. */
export type BlockPlace =
  | { readonly kind: 'input' | 'output'; readonly index: number; readonly offset: number }
  | { readonly kind: 'segment'; readonly offset: number };

/** One block of memory: several values may live in it, one after another. */
export interface PlannedBlock {
  readonly bytes: number;
  /** Positions of the first and the last node that touch it; −1 for inputs, the number of nodes for results. */
  readonly first: number;
  readonly last: number;
  readonly place: BlockPlace;
  /** For scratch that every thread has for itself: where it is in the memory of the further threads. */
  readonly helperOffset: number | null;
}

/** A call with what its division among threads depends on. */
export interface PlannedCall extends KernelCall {
  /** Position of its node in the graph. */
  readonly node: number;
  /** Blocks that the op writes: its results and its temporaries. */
  readonly writes: ReadonlySet<number>;
  /** What one thread will take for it, in microseconds, roughly. */
  readonly micros: number;
}

export interface MemoryPlan {
  readonly calls: readonly PlannedCall[];
  /** The number of inputs of the graph. */
  readonly inputs: number;
  readonly blocks: readonly PlannedBlock[];
  readonly segmentBytes: number;
  /** Bytes of scratch that every thread after the first needs. */
  readonly helperBytes: number;
  /** For each output of the graph: the input or the fresh output it is, and for fresh ones their bytes and the donated input they take over. */
  readonly outputs: readonly OutputPlan[];
  readonly fresh: readonly { readonly bytes: number; readonly takesOver: number | null }[];
  /** Segment plus fresh outputs. */
  readonly peakBytes: number;
}

/** The base address that a place is relative to: 0 for the segment, then the inputs, then the fresh results. */
export const baseOf = (place: BlockPlace, inputs: number): number =>
  place.kind === 'segment' ? 0 : place.kind === 'input' ? 1 + place.index : 1 + inputs + place.index;

export type OutputPlan =
  | { readonly from: 'input'; readonly index: number }
  | { readonly from: 'fresh'; readonly index: number };

interface Block {
  readonly bytes: number;
  first: number;
  last: number;
  place: BlockPlace | null;
  readonly helperOffset: number | null;
}

/** Rates of one thread, per microsecond: multiply-adds in tiles, other arithmetic, bytes. Only the order of magnitude matters. */
const TILE_FLOPS = 40_000;
const PLAIN_FLOPS = 4_000;
const BYTES_MOVED = 10_000;

/** How much of the memory of a result other values may use before it is born: its bytes rounded up as storage is, or no more than it has. */
export type ResultRoom = 'padded' | 'exact';

/** Plans a flat graph (calls inlined); inputs come first, constants must already be inputs. */
export function planMemory(
  graph: Graph,
  profile: Profile,
  donate: readonly number[] = [],
  room: ResultRoom = 'padded',
): MemoryPlan {
  return new Planner(graph, profile, donate, room).plan();
}

class Planner {
  readonly #graph: Graph;
  readonly #profile: Profile;
  readonly #donate: readonly number[];
  readonly #room: ResultRoom;
  readonly #blocks: Block[] = [];
  readonly #blockOf = new Map<ValueId, number>();
  readonly #lastUse = new Map<number, number>();
  readonly #calls: PlannedCall[] = [];
  #helperBytes = 0;
  readonly #fresh: { bytes: number; takesOver: number | null }[] = [];

  constructor(graph: Graph, profile: Profile, donate: readonly number[], room: ResultRoom) {
    this.#room = room;
    this.#graph = graph;
    this.#profile = profile;
    this.#donate = donate;
  }

  plan(): MemoryPlan {
    this.#placeInputs();
    const roots = this.#viewRoots();
    this.#findLastUses(roots);
    this.#graph.nodes.forEach((_, i) => {
      this.#lowerNode(i, roots);
    });
    const outputs = this.#placeOutputs(roots);
    const segmentBytes = placeBlocks(this.#blocks, this.#room);
    const freshBytes = this.#fresh.reduce((sum, f) => sum + (f.takesOver === null ? roundUp(f.bytes) : 0), 0);
    return {
      calls: this.#calls,
      inputs: this.#graph.inputs.length,
      blocks: this.#blocks as readonly PlannedBlock[],
      segmentBytes,
      helperBytes: this.#helperBytes,
      outputs,
      fresh: this.#fresh,
      peakBytes: segmentBytes + freshBytes,
    };
  }

  #placeInputs(): void {
    this.#graph.inputs.forEach((id, index) => {
      this.#blockOf.set(id, this.#addBlock(bytesOf(this.#graph.avals[id]!), -1, { kind: 'input', index, offset: 0 }));
    });
  }

  #addBlock(bytes: number, first: number, place: BlockPlace | null = null): number {
    this.#blocks.push({ bytes, first, last: first, place, helperOffset: null });
    return this.#blocks.length - 1;
  }

  /** The value whose memory each value shows. */
  #viewRoots(): Map<ValueId, ValueId> {
    const roots = new Map<ValueId, ValueId>();
    for (const node of this.#graph.nodes) {
      if (node.op.isView !== true) continue;
      const source = node.inputs[0]!;
      roots.set(node.outputs[0]!, roots.get(source) ?? source);
    }
    return roots;
  }

  #findLastUses(roots: ReadonlyMap<ValueId, ValueId>): void {
    this.#graph.nodes.forEach((node, i) => {
      for (const id of node.inputs) this.#lastUse.set(roots.get(id) ?? id, i);
    });
    for (const id of this.#graph.outputs) this.#lastUse.set(roots.get(id) ?? id, this.#graph.nodes.length);
  }

  #lowerNode(position: number, roots: ReadonlyMap<ValueId, ValueId>): void {
    const { op, inputs, outputs, params } = this.#graph.nodes[position]!;
    if (op.isView === true) return;
    const ins = inputs.map((id) => this.#operand(id, roots));
    for (const x of ins) this.#blocks[x.block]!.last = Math.max(this.#blocks[x.block]!.last, position);
    const taken = new Set<number>();
    outputs.forEach((id) => {
      const reused = this.#takeOver(position, id, roots, taken);
      const block = reused ?? this.#addBlock(bytesOf(this.#graph.avals[id]!), position);
      taken.add(block);
      this.#blockOf.set(id, block);
      this.#blocks[block]!.last = position;
    });
    const outs = outputs.map((id) => this.#operand(id, roots));
    const recorder = new Recorder(this.#profile, () => this.#addBlock(0, position));
    loweringOf(op)(recorder, ins, outs, params);
    this.#addTemps(recorder, position);
    const writes = new Set([...outs, ...recorder.temps].map((x) => x.block));
    const { flops, macs } = op.cost(ins, outs, params);
    const work = Math.max(flops / (macs ? TILE_FLOPS : PLAIN_FLOPS), trafficOf(ins, outs) / BYTES_MOVED);
    for (const call of recorder.calls)
      this.#calls.push({ ...call, node: position, writes, micros: work / recorder.calls.length });
  }

  #addTemps({ temps }: Recorder, position: number): void {
    let helperBytes = 0;
    for (const temp of temps) {
      const helperOffset = temp.helperBytes > 0 ? helperBytes : null;
      if (helperOffset !== null) helperBytes += roundUp(temp.helperBytes);
      this.#blocks[temp.block] = { bytes: temp.bytes, first: position, last: position, place: null, helperOffset };
    }
    this.#helperBytes = Math.max(this.#helperBytes, helperBytes);
  }

  #operand(id: ValueId, roots: ReadonlyMap<ValueId, ValueId>): Operand {
    const x = this.#graph.avals[id]!;
    return { block: this.#blockOf.get(roots.get(id) ?? id)!, offset: 0, shape: x.shape, dtype: x.dtype };
  }

  /** The block of an operand that dies here and that an elementwise result can overwrite in place, unless another result of the node did. */
  #takeOver(
    position: number,
    out: ValueId,
    roots: ReadonlyMap<ValueId, ValueId>,
    taken: ReadonlySet<number>,
  ): number | null {
    const node = this.#graph.nodes[position]!;
    if (node.op.isInPlace !== true) return null;
    const bytes = bytesOf(this.#graph.avals[out]!);
    const { shape } = this.#graph.avals[out]!;
    const blockOf = (id: ValueId): number => this.#blockOf.get(roots.get(id) ?? id)!;
    const readThroughout = node.inputs.slice(0, node.op.readsThroughout?.(node.params) ?? 0);
    const kept = new Set(readThroughout.map(blockOf));
    for (const id of node.inputs.slice(readThroughout.length)) {
      const root = roots.get(id) ?? id;
      const x = this.#graph.avals[id]!;
      const block = this.#blockOf.get(root)!;
      const isSame = bytesOf(x) === bytes && x.shape.length === shape.length && x.shape.every((d, k) => d === shape[k]);
      if (!isSame || this.#lastUse.get(root) !== position || this.#blocks[block]!.bytes !== bytes) continue;
      if (taken.has(block) || kept.has(block)) continue;
      const { place } = this.#blocks[block]!;
      if (
        place === null ||
        (place.kind === 'input' && this.#donate.includes(place.index) && !this.#isShared(block, root))
      )
        return block;
    }
    return null;
  }

  /** Whether another value that is still needed shows the same block. */
  #isShared(block: number, root: ValueId): boolean {
    for (const [id, b] of this.#blockOf)
      if (b === block && id !== root && (this.#lastUse.get(id) ?? -1) >= (this.#lastUse.get(root) ?? -1)) return true;
    return false;
  }

  /** Gives every result a home: the input it is, a donated input it may take over, or fresh storage. */
  #placeOutputs(roots: ReadonlyMap<ValueId, ValueId>): OutputPlan[] {
    const blocks = this.#graph.outputs.map((id) => this.#blockOf.get(roots.get(id) ?? id)!);
    for (const block of blocks) this.#blocks[block]!.last = this.#graph.nodes.length;
    const byBlock = new Map<number, OutputPlan>();
    return blocks.map((block) => remembered(byBlock, block, () => this.#homeOf(block)));
  }

  #homeOf(block: number): OutputPlan {
    const { place, bytes } = this.#blocks[block]!;
    const donor = place?.kind === 'input' ? place.index : this.#donorFor(block);
    if (place?.kind === 'input' && !this.#donate.includes(place.index)) return { from: 'input', index: place.index };
    const index = this.#fresh.length;
    this.#fresh.push({ bytes, takesOver: donor });
    this.#blocks[block]!.place =
      donor === null ? { kind: 'output', index, offset: 0 } : { kind: 'input', index: donor, offset: 0 };
    return { from: 'fresh', index };
  }

  /** A donated input of the same size that is dead before this block is born, and that no other result took. */
  #donorFor(block: number): number | null {
    const { bytes, first } = this.#blocks[block]!;
    for (const index of this.#donate) {
      const donor = this.#blocks[index]!;
      const isTaken = this.#fresh.some((f) => f.takesOver === index);
      if (donor.bytes === bytes && donor.last < first && !isTaken) return index;
    }
    return null;
  }
}

/** A stretch of memory in which blocks are placed so that no two that are alive together overlap. */
class Region {
  readonly #placed: { readonly block: Block; readonly at: number; readonly end: number }[] = [];
  readonly #limit: number;
  /** The end of the highest block. */
  used = 0;

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  /** The lowest offset that is free during the block's whole life; null where the region has no room. */
  place(block: Block): number | null {
    const size = roundUp(block.bytes);
    if (size > this.#limit) return null;
    let at = 0;
    for (const other of this.#placed) {
      const overlapsInTime = other.block.first <= block.last && block.first <= other.block.last;
      if (overlapsInTime && other.at < at + size && at < other.end) at = other.end;
    }
    if (at + size > this.#limit) return null;
    const index = this.#placed.findIndex((p) => p.at > at);
    this.#placed.splice(index < 0 ? this.#placed.length : index, 0, { block, at, end: at + size });
    this.used = Math.max(this.used, at + size);
    return at;
  }
}

/** Places the blocks that have no place yet, largest first; returns the bytes of the segment. */
function placeBlocks(blocks: readonly Block[], room: ResultRoom): number {
  const results = blocks.flatMap((block) => {
    if (block.place?.kind !== 'output') return [];
    const padded = roundUp(block.bytes);
    const region = new Region(padded);
    region.place(block);
    if (room === 'exact' && padded !== block.bytes) return [];
    return [{ region, index: block.place.index }];
  });
  const segment = new Region();
  const open = blocks.filter((b) => b.place === null).sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const block of open)
    block.place = placeInResult(block, results) ?? { kind: 'segment', offset: segment.place(block)! };
  return segment.used;
}

function placeInResult(
  block: Block,
  results: readonly { readonly region: Region; readonly index: number }[],
): BlockPlace | null {
  for (const { region, index } of results) {
    const offset = region.place(block);
    if (offset !== null) return { kind: 'output', index, offset };
  }
  return null;
}

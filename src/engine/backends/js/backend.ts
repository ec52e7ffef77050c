/** The oracle: plain loops over typed arrays, f64 arithmetic inside, ordinary garbage collection. */
import type { Dtype, TypedArray } from '../../dtype.ts';
import { storageFor } from '../../dtype.ts';
import { UnsupportedError } from '../../errors.ts';
import type { Graph } from '../../graph.ts';
import type { Op, Params } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Storage } from '../../tensor.ts';
import { Concrete, checkLive } from '../../tensor.ts';
import type { Backend, CompileOptions, Program } from '../backend.ts';

class JsStorage implements Storage {
  readonly backend: Backend;
  readonly data: TypedArray;
  readonly byteLength: number;
  state: Storage['state'] = 'live';
  isPinned = false;
  constructor(backend: Backend, data: TypedArray) {
    this.backend = backend;
    this.data = data;
    this.byteLength = data.byteLength;
  }
}

const dataOf = (x: Concrete): TypedArray => {
  checkLive(x);
  return (x.storage as JsStorage).data;
};

export class JsBackend implements Backend {
  readonly name = 'js';
  readonly profile = 'oracle';

  fromHost(data: TypedArray, _dtype: Dtype): Storage {
    return new JsStorage(this, data.slice());
  }

  read(storage: Storage): TypedArray {
    return (storage as JsStorage).data.slice();
  }

  release(storage: Storage): void {
    storage.state = 'disposed';
  }

  liveBytes(): number {
    return 0;
  }

  execute(op: Op, inputs: readonly Concrete[], params: Params): readonly Concrete[] {
    const outs = op.infer(inputs, params);
    if (op.isView === true) return [new Concrete(outs[0]!.shape, outs[0]!.dtype, inputs[0]!.storage)];
    const arrays = outs.map((x) => storageFor(x.dtype, sizeOf(x.shape)));
    op.js(inputs.map(dataOf), arrays, { ins: inputs, outs, params });
    return outs.map((x, i) => new Concrete(x.shape, x.dtype, new JsStorage(this, arrays[i]!)));
  }

  compile(graph: Graph, { donate = [] }: CompileOptions): Program {
    for (const node of graph.nodes)
      if (node.op.inline !== undefined)
        throw new UnsupportedError(`js: the op ${node.op.name} must be inlined before compiling`);
    const run = (inputs: readonly Concrete[]): readonly Concrete[] => {
      const outs = this.#interpret(graph, inputs);
      return donate.length === 0 ? outs : this.#giveUp(donate, inputs, outs);
    };
    return { run, peakBytes: 0 };
  }

  /** Donated handles refuse further use, as on every backend; a result that is one of them gets a handle of its own. */
  #giveUp(donate: readonly number[], inputs: readonly Concrete[], outs: readonly Concrete[]): Concrete[] {
    const kept = new Set(inputs.filter((_, i) => !donate.includes(i)).map((x) => x.storage));
    const given = new Set(donate.map((i) => inputs[i]!.storage).filter((s) => !kept.has(s) && s.isPinned !== true));
    const results = outs.map((x) =>
      given.has(x.storage) ? new Concrete(x.shape, x.dtype, new JsStorage(this, dataOf(x))) : x,
    );
    for (const storage of given) storage.state = 'donated';
    return results;
  }

  #interpret(graph: Graph, inputs: readonly Concrete[]): readonly Concrete[] {
    const values = new Map<number, Concrete>(graph.inputs.map((id, i) => [id, inputs[i]!]));
    for (const c of graph.consts) values.set(c.id, c.value as Concrete);
    for (const node of graph.nodes) {
      const outs = this.execute(
        node.op,
        node.inputs.map((id) => values.get(id)!),
        node.params,
      );
      node.outputs.forEach((id, i) => {
        values.set(id, outs[i]!);
      });
    }
    return graph.outputs.map((id) => values.get(id)!);
  }
}

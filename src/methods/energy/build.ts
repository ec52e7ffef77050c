/** From a model to its network of value nodes, and to the levelled network in which all ways from a vertex to the output are equally long. */

import type { Shape } from '../../engine/index.ts';
import { UnsupportedError } from '../../engine/index.ts';
import type { Layer } from '../../nn/layer.ts';
import { chainShapes, layerNames, type Model } from '../../nn/model.ts';
import { paramCount } from '../../nn/structure.ts';
import type { Network, Step, Vertex } from './network.ts';
import { INPUT } from './network.ts';

/** Where values live: `after` the activation of their layer (and whatever follows it up to the next weights), or `before` it, at the pre-activation. */
export type Place = 'after' | 'before';

/** Where a chain has got to: the vertex whose value it carries, and steps that nobody has taken yet. */
interface Cursor {
  readonly from: number;
  readonly steps: readonly Step[];
  /** Whether others read the value too, so that steps must not be added to its vertex. */
  readonly isShared?: boolean;
}

interface Chain {
  readonly layers: readonly Layer[];
  readonly input: Shape;
  readonly path: readonly number[];
  readonly prefix: string;
}

/** The network of a model's vertices. */
export function networkOf(model: Model, place: Place = 'after'): Network {
  const builder = new Builder(place);
  const chain = { layers: model.layers, input: model.inputShape, path: [], prefix: '' };
  builder.finish(builder.run(chain, { from: INPUT, steps: [] }));
  return { vertices: builder.vertices };
}

class Builder {
  readonly vertices: Vertex[] = [];
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  run({ layers, input, path, prefix }: Chain, start: Cursor): Cursor {
    const shapes = chainShapes(layers, input);
    const names = layerNames(layers);
    return layers.reduce<Cursor>((cursor, layer, i) => {
      const own = { layers: [layer], input: shapes[i]!, path: [...path, i], prefix: `${prefix}${names[i]}` };
      if (layer.kind === 'model')
        return this.run({ ...own, layers: layer.children!, prefix: `${own.prefix}/` }, cursor);
      return layer.kind === 'residual' ? this.#residual(layer, own, cursor) : this.#layer(layer, own, cursor);
    }, start);
  }

  /** Weights open a vertex; everything else waits for the next one, or joins the last. */
  #layer(layer: Layer, { path, prefix }: Chain, cursor: Cursor): Cursor {
    const steps = stepsOf(layer, prefix, path);
    if (layer.opensUnit !== true) return this.#join({ ...cursor, steps: [...cursor.steps, ...steps] });
    const [pre, ...post] = steps as [Step, ...Step[]];
    const from = this.#add(prefix, [cursor.from], [...cursor.steps, pre]);
    return this.#join({ from, steps: post });
  }

  /** With values after the activation, steps without weights belong to the vertex before them. */
  #join(cursor: Cursor): Cursor {
    if (this.#place === 'before' || cursor.from === INPUT || cursor.isShared === true) return cursor;
    const { from, steps } = cursor;
    const vertex = this.vertices[from]!;
    this.vertices[from] = { ...vertex, steps: [...vertex.steps, ...steps] };
    return { from, steps: [] };
  }

  #residual(layer: Layer, { input, path, prefix }: Chain, cursor: Cursor): Cursor {
    const start: Cursor = { ...this.close(cursor, `${prefix}/in`), isShared: true };
    const [body, skip] = [layer.children!.slice(0, -1), layer.children!.at(-1)!];
    const inner = { input, prefix: `${prefix}/`, path };
    const through = this.close(this.run({ ...inner, layers: body }, start), `${prefix}/body`);
    const around =
      paramCount(skip, input) === 0
        ? start
        : {
            from: this.#add(`${prefix}/skip`, [start.from], stepsOf(skip, `${prefix}/skip`, [...path, body.length])),
            steps: [],
          };
    const from = this.#add(`${prefix}/sum`, [through.from, around.from], []);
    return this.#join({ from, steps: layer.post === undefined ? [] : [{ name: prefix, layer, part: 'post', path }] });
  }

  /** Gives steps that wait a vertex of their own. */
  close(cursor: Cursor, name: string): Cursor {
    return cursor.steps.length === 0 ? cursor : { from: this.#add(name, [cursor.from], cursor.steps), steps: [] };
  }

  /** What is left belongs to the output. */
  finish(cursor: Cursor): void {
    const last = this.vertices[cursor.from];
    if (cursor.from !== this.vertices.length - 1 || last === undefined) this.close(cursor, 'output');
    else this.vertices[cursor.from] = { ...last, steps: [...last.steps, ...cursor.steps] };
  }

  #add(name: string, parents: readonly number[], steps: readonly Step[]): number {
    return this.vertices.push({ name, parents, steps }) - 1;
  }
}

/** A layer as steps: its part before the activation, and its activation. */
export function stepsOf(layer: Layer, name: string, path: readonly number[]): Step[] {
  const pre: Step = { name, layer, part: 'pre', path };
  return layer.post === undefined ? [pre] : [pre, { name, layer, part: 'post', path }];
}

/** For each vertex the longest way to the output, in vertices; the output is at 0. */
export function depthsOf({ vertices }: Network): number[] {
  const depths: number[] = vertices.map((_, i) => (i === vertices.length - 1 ? 0 : -1));
  for (let i = vertices.length - 1; i >= 0; i--) {
    if (depths[i]! < 0)
      throw new UnsupportedError(`the vertex ${vertices[i]!.name} does not lead to the output`, { vertex: i });
    for (const p of vertices[i]!.parents) if (p !== INPUT) depths[p] = Math.max(depths[p]!, depths[i]! + 1);
  }
  return depths;
}

/** The network with identity vertices on every way that is too short, so that an error arrives everywhere at one time; the clamped input needs none. */
export function levelled(net: Network): Network {
  const depths = depthsOf(net);
  const deepest = Math.max(...depths);
  const made: Vertex[] = [];
  const places = new Map<string, number>(); // vertex@depth → place in the new list
  const reaches = reachesOf(net, depths);
  for (let depth = deepest; depth >= 0; depth--)
    net.vertices.forEach((vertex, i) => {
      if (depth > depths[i]! || depth < reaches[i]!) return;
      const isOwn = depth === depths[i];
      const parents = isOwn
        ? vertex.parents.map((p) => (p === INPUT ? INPUT : places.get(`${p}@${depth + 1}`)!))
        : [places.get(`${i}@${depth + 1}`)!];
      const name = isOwn ? vertex.name : `${vertex.name}@${depth}`;
      places.set(`${i}@${depth}`, made.push({ name, parents, steps: isOwn ? vertex.steps : [] }) - 1);
    });
  return { vertices: made };
}

/** The least depth at which each vertex's value is asked for: one above its nearest child. */
function reachesOf({ vertices }: Network, depths: readonly number[]): number[] {
  const reaches = [...depths];
  vertices.forEach(({ parents }, i) => {
    for (const p of parents) if (p !== INPUT) reaches[p] = Math.min(reaches[p]!, depths[i]! + 1);
  });
  return reaches;
}

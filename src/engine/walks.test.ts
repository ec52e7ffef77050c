/** The walks with the algebras that papers bring: dual numbers, messages, longest paths, text. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dag, DagNode, ValueId } from './dag.ts';
import { depthOf, levelsOf, liveNodes, walkBackward, walkForward } from './dag.ts';
import { walkBackwardAsync, walkForwardAsync } from './dag-async.ts';
import { sortDag } from './dag-sort.ts';
import type { Tensor } from './index.ts';
import * as c from './index.ts';

describe('dual numbers', () => {
  it('walked forwards are jvp', () => {
    const f = (x: Tensor): Tensor => c.div(c.sin(c.mul(x, x)), c.add(c.exp(x), 2));
    const graph = c.closeGraph(c.traceGraph((x) => [f(x!)], [{ shape: [], dtype: 'f64' }]));
    type Dual = readonly [value: number, slope: number];
    const rules: Record<string, (...xs: Dual[]) => Dual> = {
      mul: ([a, da], [b, db]) => [a * b, da * b + a * db],
      add: ([a, da], [b, db]) => [a + b, da + db],
      div: ([a, da], [b, db]) => [a / b, da / b - (a * db) / b / b],
      sin: ([a, da]) => [Math.sin(a), Math.cos(a) * da],
      exp: ([a, da]) => [Math.exp(a), Math.exp(a) * da],
    };
    const values = walkForward<c.GraphNode, Dual>(graph, new Map([[graph.inputs[0]!, [0.7, 1]]]), (node, ins) => [
      node.op.name === 'constant' ? [(node.params as { value: number }).value, 0] : rules[node.op.name]!(...ins),
    ]);
    const [value, slope] = c.jvp(f, c.scalar(0.7, 'f64'), c.scalar(1, 'f64'));
    const found = values.get(graph.outputs[0]!)!;
    expect(found[0]).toBeCloseTo(value.item(), 14);
    expect(found[1]).toBeCloseTo(slope.item(), 14);
  });
});

/** A tree of variables: node i has a table of its parent's states by its own. */
interface Factor extends DagNode {
  readonly table: readonly (readonly number[])[];
}

const STATES = 3;
const multiply = (a: readonly number[], b: readonly number[]): readonly number[] => a.map((v, i) => v * b[i]!);

/** Value i is variable i; each factor reads its parent and writes its child, so messages to the root go backwards and those to the leaves forwards. */
const trees: fc.Arbitrary<Dag<Factor>> = fc
  .array(
    fc.record({
      parent: fc.nat(),
      table: fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: STATES, maxLength: STATES }), {
        minLength: STATES,
        maxLength: STATES,
      }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((rows) => ({
    inputs: [0],
    nodes: rows.map(({ parent, table }, i) => ({ inputs: [parent % (i + 1)], outputs: [i + 1], table })),
    outputs: rows.map((_, i) => i + 1),
  }));

/** Sums of products over all assignments, for each variable and state. */
function bruteForce(dag: Dag<Factor>): number[][] {
  const count = dag.nodes.length + 1;
  const marginals = Array.from({ length: count }, () => new Array<number>(STATES).fill(0));
  for (let n = 0; n < STATES ** count; n++) {
    const state = Array.from({ length: count }, (_, i) => Math.floor(n / STATES ** i) % STATES);
    const weight = dag.nodes.reduce((w, f) => w * f.table[state[f.inputs[0]!]!]![state[f.outputs[0]!]!]!, 1);
    state.forEach((s, i) => {
      marginals[i]![s]! += weight;
    });
  }
  return marginals;
}

describe('messages', () => {
  it('of sums and products on a tree give the marginals of all assignments', () => {
    fc.assert(
      fc.property(trees, (dag) => {
        const ones = new Array<number>(STATES).fill(1);
        const up = (f: Factor, below: readonly number[]): number[] =>
          f.table.map((row) => row.reduce((sum, v, s) => sum + v * below[s]!, 0));
        const seeds = dag.outputs.map((id): [ValueId, readonly number[]] => [id, ones]);
        const collected = walkBackward<Factor, readonly number[]>(dag, seeds, {
          add: multiply,
          pull: (f, [below]) => [up(f, below!)],
        });
        // Downwards a child hears what its parent knows without what the child itself had said; counts are whole numbers, so the division is exact.
        const outside = walkForward<Factor, readonly number[]>(dag, new Map([[0, ones]]), (f, [above]) => {
          const known = multiply(above!, collected.get(f.inputs[0]!)!);
          const said = up(f, collected.get(f.outputs[0]!)!);
          return [ones.map((_, s) => f.table.reduce((sum, row, p) => sum + (known[p]! / said[p]!) * row[s]!, 0))];
        });
        bruteForce(dag).forEach((expected, i) => {
          expect(multiply(outside.get(i)!, collected.get(i) ?? ones)).toEqual(expected);
        });
      }),
      { numRuns: 40 },
    );
  });
});

interface Step extends DagNode {
  readonly name: string;
  readonly weight: number;
}

const dags: fc.Arbitrary<Dag<Step>> = fc
  .array(
    fc.record({ picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), weight: fc.integer({ min: -3, max: 9 }) }),
    { minLength: 1, maxLength: 9 },
  )
  .map((rows) => ({
    inputs: [0, 1],
    nodes: rows.map(({ picks, weight }, i) => ({
      name: `n${i}`,
      inputs: picks.map((p) => p % (i + 2)),
      outputs: [i + 2],
      weight,
    })),
    outputs: [rows.length + 1],
  }));

/** All ways from a value to the output. */
function pathsFrom(dag: Dag<Step>, id: ValueId): Step[][] {
  if (id === dag.outputs[0]) return [[]];
  return dag.nodes
    .filter((n) => n.inputs.includes(id))
    .flatMap((n) => pathsFrom(dag, n.outputs[0]!).map((rest) => [n, ...rest]));
}

describe('maxima and sums', () => {
  it('walked backwards are the longest paths', () => {
    fc.assert(
      fc.property(dags, (dag) => {
        const arrived = walkBackward<Step, number>(dag, [[dag.outputs[0]!, 0]], {
          add: Math.max,
          pull: (n, [rest]) => n.inputs.map(() => n.weight + rest!),
        });
        for (const id of dag.inputs) {
          const lengths = pathsFrom(dag, id).map((path) => path.reduce((sum, n) => sum + n.weight, 0));
          expect(arrived.get(id)).toBe(lengths.length === 0 ? undefined : Math.max(...lengths));
        }
      }),
    );
  });
});

describe('text', () => {
  const text = {
    add: (a: string, b: string): string => `${a}, ${b}`,
    pull: (n: Step, [heard]: readonly (string | undefined)[]): string[] =>
      n.inputs.map((id) => `${n.name}→${id}(${heard})`),
  };

  it('is the same whichever answer comes first, however many are asked at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        dags,
        fc.infiniteStream(fc.nat({ max: 4 })),
        fc.integer({ min: 1, max: 5 }),
        async (dag, delays, concurrency) => {
          const later = async () => {
            for (let k = delays.next().value as number; k > 0; k--) await Promise.resolve();
          };
          const seeds = [[dag.outputs[0]!, 'ask']] as const;
          const found = await walkBackwardAsync<Step, string>(
            dag,
            seeds,
            {
              add: async (a, b) => {
                await later();
                return text.add(a, b);
              },
              pull: async (n, heard) => {
                await later();
                return text.pull(n, heard);
              },
            },
            { concurrency },
          );
          const expected = walkBackward(dag, seeds, text);
          expect([...found].sort((a, b) => a[0] - b[0])).toEqual([...expected].sort((a, b) => a[0] - b[0]));
        },
      ),
    );
  });

  it('walked forwards is the same as well', async () => {
    await fc.assert(
      fc.asyncProperty(dags, fc.infiniteStream(fc.nat({ max: 4 })), async (dag, delays) => {
        const given = new Map([
          [0, 'a'],
          [1, 'b'],
        ]);
        const say = (n: Step, ins: readonly string[]): string[] => [`${n.name}(${ins.join()})`];
        const found = await walkForwardAsync<Step, string>(
          dag,
          given,
          async (n, ins) => {
            for (let k = delays.next().value as number; k > 0; k--) await Promise.resolve();
            return say(n, ins);
          },
          { concurrency: 3 },
        );
        expect(found.get(dag.outputs[0]!)).toBe(walkForward(dag, given, say).get(dag.outputs[0]!));
      }),
    );
  });
});

/** One value that many nodes read side by side, and one that reads them all. */
function fan(width: number): Dag<Step> {
  const nodes = Array.from({ length: width }, (_, i) => ({
    name: `leaf ${i}`,
    inputs: [0],
    outputs: [i + 1],
    weight: 1,
  }));
  const all = { name: 'join', inputs: nodes.map((n) => n.outputs[0]!), outputs: [width + 1], weight: 1 };
  return { inputs: [0], nodes: [...nodes, all], outputs: [width + 1] };
}

describe('asynchronous walks', () => {
  const given = new Map([[0, 0]]);

  it.each([1, 3, Number.POSITIVE_INFINITY])(
    'have at most %d nodes under way, and as many as that',
    async (concurrency) => {
      let running = 0;
      let most = 0;
      await walkForwardAsync<Step, number>(
        fan(10),
        given,
        async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running--;
          return [0];
        },
        { concurrency },
      );
      expect(most).toBe(Math.min(concurrency, 10));
    },
  );

  it('name the node at which they fail, start nothing after, and wait for what is under way', async () => {
    const started: string[] = [];
    const ended: string[] = [];
    const walk = walkForwardAsync<Step, number>(
      fan(10),
      given,
      async (n) => {
        started.push(n.name);
        await new Promise((resolve) => setTimeout(resolve, n.name === 'leaf 1' ? 1 : 10));
        if (n.name === 'leaf 1') throw new Error('no answer');
        ended.push(n.name);
        return [0];
      },
      { concurrency: 3 },
    );
    const error = (await walk.catch((e: unknown) => e)) as c.WalkError;
    expect(error).toBeInstanceOf(c.WalkError);
    expect(error.message).toContain('leaf 1: no answer');
    expect(error.details).toMatchObject({ node: 'leaf 1', index: 1 });
    expect(started).toEqual(['leaf 0', 'leaf 1', 'leaf 2']);
    expect(ended).toEqual(['leaf 0', 'leaf 2']);
  });

  it('name a node whose pull fails', async () => {
    const failing = walkBackwardAsync<Step, number>(fan(2), [[3, 1]], {
      add: (a, b) => a + b,
      pull: (n) => {
        if (n.name === 'leaf 0') throw new Error('cannot');
        return n.inputs.map(() => 1);
      },
    });
    await expect(failing).rejects.toThrow(/leaf 0: cannot/);
  });

  it('stop at an abort, and hand the signal on', async () => {
    const controller = new AbortController();
    let started = 0;
    const walk = walkForwardAsync<Step, number>(
      fan(50),
      given,
      async (_n, _ins, signal) => {
        expect(signal).toBe(controller.signal);
        if (++started === 5) controller.abort(new Error('enough'));
        return [0];
      },
      { signal: controller.signal },
    );
    await expect(walk).rejects.toThrow('enough');
    expect(started).toBe(5);
    await expect(walkForwardAsync(fan(2), given, () => [0], { signal: controller.signal })).rejects.toThrow('enough');
    await expect(walkForwardAsync(fan(2), given, () => [0], { concurrency: 0 })).rejects.toThrow(c.ConfigError);
  });
});

describe('a chain of 100,000 nodes', () => {
  const n = 100_000;
  const chain: Dag<Step> = {
    inputs: [0],
    nodes: Array.from({ length: n }, (_, i) => ({ name: `${i}`, inputs: [i], outputs: [i + 1], weight: 1 })),
    outputs: [n],
  };
  const sum = {
    add: (a: number, b: number): number => a + b,
    pull: (_: Step, [v]: readonly (number | undefined)[]) => [v! + 1],
  };

  it('is walked both ways, ordered, levelled and cut', () => {
    expect(walkForward<Step, number>(chain, new Map([[0, 0]]), (_, [v]) => [v! + 1]).get(n)).toBe(n);
    expect(walkBackward(chain, [[n, 0]], sum).get(0)).toBe(n);
    expect(levelsOf(chain).at(-1)).toBe(n - 1);
    expect(depthOf(chain)).toBe(n);
    expect(liveNodes(chain)).toHaveLength(n);
    expect(sortDag({ ...chain, nodes: chain.nodes.toReversed() }).nodes).toEqual(chain.nodes);
  });

  it('is walked asynchronously both ways', async () => {
    const forward = await walkForwardAsync<Step, number>(chain, new Map([[0, 0]]), (_, [v]) => [v! + 1]);
    expect(forward.get(n)).toBe(n);
    expect((await walkBackwardAsync(chain, [[n, 0]], sum, { concurrency: 4 })).get(0)).toBe(n);
  });
});

describe('sortDag', () => {
  it('puts shuffled nodes in an order in which everything is written before it is read', () => {
    fc.assert(
      fc.property(
        dags.chain((dag) =>
          fc.shuffledSubarray([...dag.nodes], { minLength: dag.nodes.length }).map((nodes) => ({ ...dag, nodes })),
        ),
        (dag) => {
          const written = new Set(dag.inputs);
          const sorted = sortDag(dag).nodes;
          for (const node of sorted) {
            expect(node.inputs.every((id) => written.has(id))).toBe(true);
            for (const id of node.outputs) written.add(id);
          }
          expect(new Set(sorted)).toEqual(new Set(dag.nodes));
        },
      ),
    );
  });

  it('names the nodes of a cycle, values written twice and values that nobody writes', () => {
    const node = (name: string, inputs: number[], output: number): Step => ({
      name,
      inputs,
      outputs: [output],
      weight: 1,
    });
    const named = (dag: Dag<Step>) => sortDag(dag, (s) => s.name);
    const cyclic = { inputs: [0], nodes: [node('a', [0, 3], 1), node('b', [1], 2), node('c', [2], 3)], outputs: [3] };
    expect(() => named(cyclic)).toThrow(/cycle: a ← c ← b ← a/);
    const twice = { inputs: [0], nodes: [node('a', [0], 1), node('b', [0], 1)], outputs: [1] };
    expect(() => named(twice)).toThrow(/value 1 of b is written twice/);
    expect(() => named({ inputs: [0], nodes: [node('a', [7], 1)], outputs: [1] })).toThrow(/value 7, an input of a/);
    expect(() => named({ inputs: [0], nodes: [], outputs: [5] })).toThrow(/value 5, an output/);
  });
});

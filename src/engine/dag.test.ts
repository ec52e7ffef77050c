import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as d from './dag.ts';
import { walkBackwardAsync } from './dag-async.ts';

interface Node extends d.DagNode {
  readonly weight: number;
}

/** Values 0 and 1 are inputs; node i writes value i + 2 from up to three earlier ones. */
const dags = fc
  .array(
    fc.record({ picks: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), weight: fc.integer({ min: -3, max: 3 }) }),
    { minLength: 1, maxLength: 12 },
  )
  .map((rows): d.Dag<Node> => {
    const nodes = rows.map(({ picks, weight }, i) => ({
      inputs: picks.map((p) => p % (i + 2)),
      outputs: [i + 2],
      weight,
    }));
    return { inputs: [0, 1], nodes, outputs: [rows.length + 1] };
  });

const forward = (dag: d.Dag<Node>, x: number, y: number): Map<number, number> =>
  d.walkForward(
    dag,
    new Map([
      [0, x],
      [1, y],
    ]),
    (node, ins) => [node.weight * ins.reduce((a, b) => a + b, 0)],
  );

const algebra: d.PullAlgebra<Node, number> = {
  add: (a, b) => a + b,
  pull: (node, [ct]) => node.inputs.map(() => node.weight * ct!),
};

describe('walks', () => {
  it('backwards carry the derivative of what walks forwards compute', () => {
    fc.assert(
      fc.property(dags, (dag) => {
        const [out] = dag.outputs;
        const arrived = d.walkBackward(dag, [[out!, 1]], algebra);
        // The graph is linear, so its derivatives are its values at the unit vectors.
        expect((arrived.get(0) ?? 0) + 0).toBe(forward(dag, 1, 0).get(out!)! + 0);
        expect((arrived.get(1) ?? 0) + 0).toBe(forward(dag, 0, 1).get(out!)! + 0);
      }),
    );
  });

  it('backwards, asynchronously, arrive at the same values one node after another', async () => {
    await fc.assert(
      fc.asyncProperty(dags, async (dag) => {
        const seeds = [[dag.outputs[0]!, 1]] as const;
        let running = 0;
        const arrived = await walkBackwardAsync<Node, number>(dag, seeds, {
          add: async (a, b) => a + b,
          pull: async (node, cts) => {
            expect(++running).toBe(1);
            await Promise.resolve();
            running--;
            return algebra.pull(node, cts);
          },
        });
        expect(arrived).toEqual(d.walkBackward(dag, seeds, algebra));
      }),
    );
  });

  it('work for values that are no numbers', () => {
    const nodes = [
      { inputs: [0], outputs: [1], name: 'f' },
      { inputs: [0, 1], outputs: [2], name: 'g' },
    ];
    const arrived = d.walkBackward<(typeof nodes)[number], string>({ inputs: [0], nodes, outputs: [2] }, [[2, 'y']], {
      add: (a, b) => `${a} and ${b}`,
      pull: ({ name, inputs }, [y]) => inputs.map((id) => `${name}${id}(${y})`),
    });
    expect(arrived.get(0)).toBe('g0(y) and f0(g1(y))');
  });

  it('do not pull what nothing reaches', () => {
    const dag = { inputs: [0], nodes: [{ inputs: [0], outputs: [1], weight: 1 }], outputs: [0] };
    const pulled: Node[] = [];
    const pull = (node: Node): undefined[] => {
      pulled.push(node);
      return [undefined];
    };
    d.walkBackward<Node, number>(dag, [[0, 1]], { add: (a, b) => a + b, pull });
    expect(pulled).toEqual([]);
  });
});

describe('structure', () => {
  it('levels are the longest ways from the inputs', () => {
    const node = (inputs: number[], output: number): Node => ({ inputs, outputs: [output], weight: 1 });
    const dag = { inputs: [0], nodes: [node([0], 1), node([1], 2), node([0], 3), node([2, 3], 4)], outputs: [4] };
    expect(d.levelsOf(dag)).toEqual([0, 1, 0, 2]);
    expect(d.producersOf(dag).get(4)).toBe(3);
  });

  it('liveNodes keeps what the outputs need, and nothing else', () => {
    fc.assert(
      fc.property(dags, (dag) => {
        const kept = d.liveNodes(dag);
        const [out] = dag.outputs;
        expect(forward({ ...dag, nodes: kept }, 2, 3).get(out!)).toBe(forward(dag, 2, 3).get(out!));
        const ones = { ...dag, nodes: kept.map((n) => ({ ...n, weight: 1 })) };
        const reached = d.walkBackward(ones, [[out!, 1]], algebra);
        for (const node of kept) expect(reached.has(node.outputs[0]!)).toBe(true);
      }),
    );
  });
});

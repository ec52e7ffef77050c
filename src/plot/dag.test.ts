import { describe, expect, it } from 'vitest';
import { plotDag } from './dag.ts';
import { graphDot, graphSvg } from './graph.ts';

const dag = {
  inputs: [0],
  nodes: [
    { name: 'ask', inputs: [0], outputs: [1] },
    { name: 'answer', inputs: [0, 1], outputs: [2] },
  ],
  outputs: [2],
};

describe('a Dag drawn', () => {
  const plot = plotDag(dag, { label: (n) => n.name, scope: (n) => `talk/${n.name}`, value: (id) => `value ${id}` });

  it('has a node for every input and node, and an edge for every value read', () => {
    expect(plot.nodes).toEqual([
      { id: 'v0', label: 'value 0', kind: 'input' },
      { id: 'n0', label: 'ask', scope: 'talk/ask' },
      { id: 'n1', label: 'answer', scope: 'talk/answer', kind: 'output' },
    ]);
    expect(plot.edges).toEqual([
      { from: 'v0', to: 'n0' },
      { from: 'v0', to: 'n1' },
      { from: 'n0', to: 'n1', label: 'value 1' },
    ]);
  });

  it('becomes DOT and SVG', () => {
    expect(graphDot(plot)).toContain('"n0" -> "n1" [label="value 1"];');
    expect(graphSvg(plot, { title: 'talk' })).toMatch(/^<svg[\s\S]*answer[\s\S]*<\/svg>/);
  });
});

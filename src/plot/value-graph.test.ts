import { describe, expect, it } from 'vitest';
import { add, backwardGradients, forwardValues, mul, traceScalars } from '../engine/index.ts';
import { scalarPlot } from './scalar-graph.ts';
import { cellNumber, type ValueNode, valueGraphDot, valueGraphSvg } from './value-graph.ts';

const scalar = traceScalars((a, b) => mul(add(mul(a!, b!), 10), a!), ['a', 'b']);
const values = forwardValues(scalar, [2, -3]);
const nodes = scalarPlot(scalar, values, backwardGradients(scalar, values));

describe('a graph of values', () => {
  it('holds every number of the sweeps', () => {
    expect(nodes.map(({ label, data, grad, kind }) => [label, data, grad, kind ?? null])).toEqual([
      ['a', 2, -2, 'input'],
      ['b', -3, 4, 'input'],
      ['v1', -6, 2, null],
      ['10', 10, null, 'constant'],
      ['v2', 4, 2, null],
      ['v3', 8, 1, 'output'],
    ]);
  });

  it('is drawn the same every time, numbers in full in its attributes', () => {
    const svg = valueGraphSvg(nodes, { title: 'y' });
    expect(valueGraphSvg(nodes, { title: 'y' })).toBe(svg);
    const shown = [...svg.matchAll(/data-data="([^"]*)" data-grad="([^"]*)"/g)].map(([, d, g]) => [Number(d), g]);
    expect(shown).toHaveLength(nodes.length);
    expect(svg).toContain('>data -6.0000<');
    expect(svg).toContain('v3 is 8.0000 by × of v2 and a, gradient 1.0000.');
    expect(svg.replaceAll('http://www.w3.org/2000/svg', '')).not.toContain('http');
  });

  it('is written as DOT records, cells and quotes escaped', () => {
    expect(valueGraphDot(nodes)).toContain('"v2" [shape=record, label="{ v1 | data\\ -6.0000 | grad\\ 2.0000 }"]');
    const odd: ValueNode = { id: 'x"', label: 'a|b "<c>"', data: -0, grad: Number.NaN };
    expect(valueGraphDot([odd])).toContain(
      '"x\\"" [shape=record, label="{ a\\|b\\ \\"\\<c\\>\\" | data\\ 0.0000 | grad\\ NaN }"]',
    );
    expect(valueGraphSvg([odd], { title: '<t>' })).toContain('a|b &#34;&#60;c&#62;&#34;');
  });

  it('refuses values that are not there, and ids that are there twice', () => {
    const lost: ValueNode = { id: 'y', label: 'y', data: 1, grad: 1, op: { name: '+', from: ['x'] } };
    expect(() => valueGraphDot([lost])).toThrow('an operation reads "x", which is not in the graph');
    expect(() => valueGraphSvg([nodes[0]!, nodes[0]!], { title: '' })).toThrow('two values share an id');
  });
});

describe('a number in a cell', () => {
  it.each([
    [-0, '0.0000'],
    [-1e-9, '-1.000e-9'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [123456.7, '123456.7000'],
    [-12345678, '-1.235e+7'],
    [null, '?'],
  ] as const)('%s is %s', (value, text) => expect(cellNumber(value)).toBe(text));
});

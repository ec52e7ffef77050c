/** Check 7 as claims: the picture is the same every time, shows the numbers of the sweeps, asks the network for nothing. */
import {
  add,
  backwardGradients,
  forwardValues,
  mul,
  sub,
  type Tensor,
  tanh,
  traceScalars,
} from '../../engine/index.ts';
import { cellNumber, scalarPlot, type ValueNode, valueGraphDot, valueGraphSvg } from '../../plot/index.ts';
import { atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { Draws } from './draws.ts';
import { references, swept } from './expressions.ts';

/** Values and operations of a random expression, together `size` marks. */
function randomPicture(lab: Lab, size: number): ValueNode[] {
  const draws = new Draws(lab.words('picture'));
  const inputs = 12;
  const scalar = traceScalars(
    (...xs) => {
      const values: Tensor[] = [...xs];
      for (let i = 0; i < (size - inputs) / 2; i++) {
        const near = () => values[Math.max(0, values.length - 1 - draws.below(12))]!;
        values.push(i % 3 === 2 ? tanh(near()) : [add, mul, sub][draws.below(3)]!(values.at(-1)!, near()));
      }
      return values.at(-1)!;
    },
    Array.from({ length: inputs }, (_, i) => `x${i + 1}`),
  );
  const values = forwardValues(
    scalar,
    Array.from({ length: inputs }, () => draws.between(-1, 1)),
  );
  return scalarPlot(scalar, values, backwardGradients(scalar, values));
}

const plots = (): ValueNode[][] =>
  references.map((reference) => {
    const { scalar, values, gradients } = swept(reference);
    return scalarPlot(scalar, values, gradients);
  });

const svgOf = (nodes: readonly ValueNode[]): string => valueGraphSvg(nodes, { title: 'expression' });

/** Numbers of the picture that differ from those of the sweeps: the exact ones in attributes, the rounded ones in cells. */
function wrongNumbers(nodes: readonly ValueNode[]): number {
  const groups = [
    ...svgOf(nodes).matchAll(/<g data-id="([^"]+)" data-data="([^"]+)" data-grad="([^"]+)">(.*?)<\/g>/gs),
  ];
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const wrong = groups.filter(([, id, data, grad, inside]) => {
    const { data: value, grad: gradient } = byId.get(id!)!;
    const cells = inside!.includes(`>data ${cellNumber(value)}<`) && inside!.includes(`>grad ${cellNumber(gradient)}<`);
    return !(Number(data) === value && grad === String(gradient) && cells);
  });
  return wrong.length + Math.abs(groups.length - nodes.length);
}

/** Whatever would be asked of the network: addresses other than the name of the SVG language, and links, images, imports. */
const requests = (svg: string): number =>
  (svg.replaceAll('http://www.w3.org/2000/svg', '').match(/https?:|href=|src=|@import|url\(/g) ?? []).length;

const smallestText = (svg: string): number =>
  Math.min(12, ...[...svg.matchAll(/font-size="([\d.]+)"/g)].map(([, size]) => Number(size)));

const cost = (id: string, sentence: string, unit: string, measure: Claim['measure']): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: 0,
  unit,
  threshold: exactly(0),
  expected: 'holds',
  measure,
});

export const pictureClaims: readonly Claim[] = [
  cost(
    'picture-same',
    'Drawn twice, from the tracing on, SVG and DOT are the same byte for byte: pictures that differ.',
    'pictures',
    () => {
      const [one, other] = [plots(), plots()];
      return one.filter(
        (nodes, i) => svgOf(nodes) !== svgOf(other[i]!) || valueGraphDot(nodes) !== valueGraphDot(other[i]!),
      ).length;
    },
  ),
  cost(
    'picture-numbers',
    'Every number in the pictures is that of the sweeps: numbers that differ.',
    'numbers',
    (lab) => [...plots(), randomPicture(lab, 200)].reduce((sum, nodes) => sum + wrongNumbers(nodes), 0),
  ),
  cost('picture-offline', 'The pictures open without a network: requests in them.', 'requests', () =>
    plots().reduce((sum, nodes) => sum + requests(svgOf(nodes)), 0),
  ),
  {
    id: 'picture-readable',
    kind: 'identity',
    sentence:
      'A picture has a size of its own, so that a page of 320 px scrolls it and does not shrink it: its smallest text.',
    published: null,
    unit: 'px',
    threshold: atLeast(11),
    expected: 'holds',
    measure: () =>
      Math.min(...plots().map((nodes) => (/<svg [^>]*width="\d/.test(svgOf(nodes)) ? smallestText(svgOf(nodes)) : 0))),
  },
  {
    id: 'picture-time',
    kind: 'timing',
    sentence: 'Laying out and drawing 500 nodes takes at most 200 ms, median of 5.',
    published: 200,
    unit: 'ms',
    threshold: atMost(200),
    expected: 'holds',
    measure(lab) {
      const nodes = randomPicture(lab, 500);
      const times = Array.from({ length: 5 }, () => {
        const started = performance.now();
        svgOf(nodes);
        return performance.now() - started;
      });
      return times.sort((a, b) => a - b)[2]!;
    },
  },
];

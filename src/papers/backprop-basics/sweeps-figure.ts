/** The two recursions side by side: one network twice, whose table of derivatives fills from opposite ends. */
import { element, label, picture } from '../../plot/svg.ts';
import type { blogDerivatives } from './blog.ts';

type Found = ReturnType<typeof blogDerivatives>;

const places = [
  { name: 'a', x: 40, y: 110 },
  { name: 'b1', x: 150, y: 50 },
  { name: 'b2', x: 150, y: 170 },
  { name: 'c', x: 260, y: 110 },
] as const;

/** Edges with the partial derivative that stands beside them. */
const edges = [
  { from: 0, to: 1, partial: 2 },
  { from: 0, to: 2, partial: 3 },
  { from: 1, to: 2, partial: 1 },
  { from: 1, to: 3, partial: 4 },
  { from: 2, to: 3, partial: 5 },
] as const;

interface Panel {
  readonly title: string;
  readonly symbol: (name: string) => string;
  readonly values: ReadonlyMap<number, number>;
  /** Places in the order in which they are filled. */
  readonly order: readonly number[];
  /** The edges that a place adds up, with the place at their other end. */
  readonly terms: (place: number) => readonly { readonly partial: number; readonly other: number }[];
}

const panelsOf = ({ byA, ofC }: Found): readonly Panel[] => [
  {
    title: 'forwards: over the inputs of each value',
    symbol: (name) => `d${name}/da`,
    values: byA,
    order: [0, 1, 2, 3],
    terms: (place) => edges.filter((e) => e.to === place).map(({ from, partial }) => ({ partial, other: from })),
  },
  {
    title: 'backwards: over the users of each value',
    symbol: (name) => `dc/d${name}`,
    values: ofC,
    order: [3, 2, 1, 0],
    terms: (place) => edges.filter((e) => e.from === place).map(({ to, partial }) => ({ partial, other: to })),
  },
];

const panelWidth = 330;
const seconds = 10;

/** Draws both sweeps; each number appears in its turn, or all at once for readers who want no motion. */
export function sweepsFigure(found: Found): string {
  const panels = panelsOf(found).map((panel, i) =>
    element('g', { transform: `translate(${16 + i * panelWidth} 44)` }, drawPanel(panel)),
  );
  const description = panelsOf(found)
    .map(
      (p) =>
        `${p.title}: ${p.order.map((place) => `${p.symbol(places[place]!.name)} = ${p.values.get(place)}`).join(', ')}.`,
    )
    .join(' ');
  return picture(
    { title: 'Two recursions for dc/da', description, width: 16 + 2 * panelWidth, height: 390 },
    `<style>${motion()}</style>`,
    label('Two recursions for dc/da', { x: 16, y: 25, class: 'title' }),
    ...panels,
  );
}

/** Turn k of a cycle of eight: hidden before, shown after; the cycle is entered where everything is shown. */
const motion = (): string => {
  const turns = [0, 1, 2, 3].map((k) => {
    const at = (100 * (k + 1)) / 8;
    return `@keyframes turn${k}{0%,${at}%{opacity:0}${at + 4}%,100%{opacity:1}}.turn${k}{animation:turn${k} ${seconds}s -6s infinite}`;
  });
  return `@media screen and (prefers-reduced-motion:no-preference){${turns.join('')}}`;
};

function drawPanel({ title, symbol, values, order, terms }: Panel): string {
  const arrows = edges.map(({ from, to, partial }) => drawEdge(places[from], places[to], partial));
  const nodes = places.map(({ name, x, y }) => {
    const circle = element('circle', { cx: x, cy: y, r: 17, fill: 'var(--surface)', stroke: 'var(--series-0)' });
    return circle + label(name, { x, y, dy: '.34em', 'text-anchor': 'middle', 'font-weight': '600' });
  });
  const lines = order.map((place, k) => {
    const sum = terms(place)
      .map(({ partial, other }) => `${partial}·${values.get(other)}`)
      .join(' + ');
    const text = `${symbol(places[place]!.name)} = ${sum === '' ? '' : `${sum} = `}${values.get(place)}`;
    const { x, y } = places[place]!;
    const badge = label(String(values.get(place)), {
      x: x + 15,
      y: y - 18,
      style: 'fill:var(--series-1)',
      'font-weight': '600',
    });
    return element('g', { class: `turn${k}` }, label(text, { x: 20, y: 246 + 24 * k }), badge);
  });
  return [label(title, { x: 0, y: 8, class: 'muted' }), ...arrows, ...nodes, ...lines].join('');
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function drawEdge(from: Place, to: Place, partial: number): string {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x1, y1, x2, y2] = [from.x + 17 * dx, from.y + 17 * dy, to.x - 18 * dx, to.y - 18 * dy];
  const head = [x2, y2, x2 - 7 * dx - 3.5 * dy, y2 - 7 * dy + 3.5 * dx, x2 - 7 * dx + 3.5 * dy, y2 - 7 * dy - 3.5 * dx];
  return (
    element('line', { x1, y1, x2, y2, stroke: 'var(--muted)' }) +
    element('polygon', { points: head.map((v) => Math.round(v * 100) / 100).join(' '), fill: 'var(--muted)' }) +
    label(String(partial), {
      x: (x1 + x2) / 2 - 10 * dy,
      y: (y1 + y2) / 2 + 10 * dx,
      dy: '.34em',
      'text-anchor': 'middle',
      class: 'muted',
      'font-size': 11,
    })
  );
}

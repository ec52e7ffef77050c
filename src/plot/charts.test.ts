import { describe, expect, it } from 'vitest';
import { tickText } from './axes.ts';
import { barChart } from './bar-chart.ts';
import { heatMap } from './heat-map.ts';
import { imageGrid } from './image-grid.ts';
import { lineChart, pushApart } from './line-chart.ts';
import { divergingColor } from './palette.ts';
import { escapeXml, picture } from './svg.ts';

interface DomLibrary {
  readonly JSDOM: new (html: string, options?: object) => { readonly window: { readonly document: Document } };
}
// jsdom brings no types of its own.
const { JSDOM } = (await import('jsdom' as string)) as DomLibrary;
/** Parses as XML, so that anything that is not well formed throws. */
const parse = (svg: string) => new JSDOM(svg, { contentType: 'image/svg+xml' }).window.document;
const all = (svg: Document, selector: string) => [...svg.querySelectorAll(selector)];
const numbers = (element: Element, ...names: string[]) => names.map((name) => Number(element.getAttribute(name)));

const line = (name: string, ys: (number | null)[]) => ({ name, points: ys.map((y, x) => ({ x, y })) });
const options = { title: 'Loss <of> "A & B"', x: { label: 'epoch' }, y: { label: 'loss', unit: 'nats' } };
const charts = {
  line: lineChart([line('backprop', [2, 1, 0.5]), line('dfa', [2, 1.5, 1])], options),
  bar: barChart(
    [
      { name: 'a', value: 2, low: 1, high: 3 },
      { name: 'b', value: null },
    ],
    { title: options.title, x: { label: 'time', unit: 's' } },
  ),
  heat: heatMap(
    [
      [1, 2],
      [3, null],
    ],
    {
      title: options.title,
      label: 'share (%)',
      rows: ['r<0', 'r1'],
      columns: ['c0', 'c1'],
      rowLabel: 'from',
      columnLabel: 'to',
    },
  ),
  images: imageGrid([{ pixels: { width: 2, height: 2, channels: 1, data: [0, 1, 2, 3] }, caption: '7 & 8' }], {
    title: options.title,
  }),
  empty: lineChart([], options),
  noBars: barChart([], { title: options.title, x: { label: 'time' } }),
  noCells: heatMap([], { title: options.title, label: 'x' }),
};

describe.each(Object.entries(charts))('the %s chart', (_name, svg) => {
  const page = parse(svg);
  it('is well formed, named and described', () => {
    const root = page.documentElement;
    const [title, description] = root
      .getAttribute('aria-labelledby')!
      .split(' ')
      .map((id) => page.getElementById(id)!.textContent!);
    expect(root.getAttribute('role')).toBe('img');
    expect(title).toBe('Loss <of> "A & B"');
    expect(description!.length).toBeGreaterThan(10);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('stays inside its frame and carries both themes', () => {
    const [width, height] = numbers(page.documentElement, 'width', 'height') as [number, number];
    for (const text of all(page, 'text:not([transform])')) {
      const [x, y] = numbers(text, 'x', 'y') as [number, number];
      expect(x >= 0 && x <= width && y >= 0 && y <= height, text.textContent!).toBe(true);
    }
    const css = page.querySelector('style')!.textContent!;
    for (const part of ['prefers-color-scheme:dark', 'data-theme=light', 'data-theme=dark'])
      expect(css).toContain(part);
  });
});

describe('lineChart', () => {
  it('puts every point where its numbers say', () => {
    const svg = parse(lineChart([line('a', [0, 10, 5])], { ...options, y: { label: 'y', range: [0, 10] } }));
    const path = svg.querySelector('path')!.getAttribute('d')!;
    const points = [...path.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map((m) => [Number(m[1]), Number(m[2])] as const);
    expect(points).toHaveLength(3);
    expect(points[1]![0] - points[0]![0]).toBeCloseTo(points[2]![0] - points[1]![0], 1);
    expect(points[2]![1]).toBeCloseTo((points[0]![1] + points[1]![1]) / 2, 1); // 5 lies halfway between 0 and 10
    expect(points[0]![1]).toBeGreaterThan(points[1]![1]); // up is smaller y
  });

  it('is straight for an exponential on a logarithmic axis, and leaves out what is not positive', () => {
    const svg = parse(lineChart([line('a', [100, 10, 1, 0, -1])], { ...options, y: { label: 'y', log: true } }));
    const ys = [
      ...svg
        .querySelector('path')!
        .getAttribute('d')!
        .matchAll(/,([\d.]+)/g),
    ].map((m) => Number(m[1]));
    expect(ys).toHaveLength(3);
    expect(ys[1]! - ys[0]!).toBeCloseTo(ys[2]! - ys[1]!, 1);
  });

  it('breaks at gaps and marks a lone point', () => {
    const svg = parse(lineChart([line('a', [1, 2, null, 3, null, 1, 2])], options));
    expect(svg.querySelector('path')!.getAttribute('d')!.match(/M/g)).toHaveLength(3);
    expect(all(svg, 'circle')).toHaveLength(1);
  });

  it('draws a band where there is one, and names the lines at their ends without overlap', () => {
    const band = { name: 'b', points: [0, 1, 2].map((x) => ({ x, y: 1, low: 0.5, high: 1.5 })) };
    const svg = parse(lineChart([band, line('c', [1, 1, 1]), line('d', [1, 1, 1.01])], options));
    expect(all(svg, 'path[fill-opacity]')).toHaveLength(1);
    const names = all(svg, 'text[style]');
    expect(names.map((n) => n.textContent)).toEqual(['b', 'c', 'd']);
    const ys = names.map((n) => numbers(n, 'y')[0]!).sort((a, b) => a - b);
    expect(Math.min(ys[1]! - ys[0]!, ys[2]! - ys[1]!)).toBeGreaterThanOrEqual(14.9);
  });

  it('pushes labels apart as little as needed', () => {
    expect(pushApart([10, 50], 15, { top: 0, bottom: 100 })).toEqual([10, 50]);
    expect(pushApart([20, 20], 15, { top: 0, bottom: 100 })).toEqual([20, 35]);
    expect(pushApart([95, 99, 5], 15, { top: 0, bottom: 100 })).toEqual([85, 100, 5]);
  });
});

describe('barChart', () => {
  it('draws lengths in proportion and intervals around their ends', () => {
    const bars = [
      { name: 'a', value: 10, low: 8, high: 12 },
      { name: 'b', value: 5 },
      { name: 'c', value: null },
    ];
    const svg = parse(barChart(bars, { title: 't', x: { label: 'x', format: (v) => `${v} s` } }));
    const [a, b] = all(svg, 'rect[fill-opacity]').map((r) => numbers(r, 'width')[0]!);
    expect(a! / b!).toBeCloseTo(2, 2);
    expect(all(svg, 'rect[fill-opacity]')).toHaveLength(2);
    const [low, high] = [
      ...svg
        .querySelector('path')!
        .getAttribute('d')!
        .matchAll(/^M([\d.]+),[\d.]+H([\d.]+)/g),
    ][0]!
      .slice(1)
      .map(Number);
    expect((high! - low!) / a!).toBeCloseTo(0.4, 2); // 8 to 12 beside 0 to 10
    expect(svg.documentElement.textContent).toContain('10 s');
    expect(svg.querySelector('desc')!.textContent).toContain('c –');
  });
});

describe('heatMap', () => {
  it('colours signed values around a neutral zero', () => {
    const svg = parse(heatMap([[-2, 0, 1]], { title: 't', label: 'w' }));
    const cells = all(svg, 'rect').filter((r) => r.querySelector('title') !== null);
    expect(cells.map((c) => c.getAttribute('fill'))).toEqual([
      divergingColor(0),
      divergingColor(0.5),
      divergingColor(0.75),
    ]);
  });

  it('names a cell by its row and column and leaves out what is missing', () => {
    const cells = all(parse(charts.heat), 'rect title').map((t) => t.textContent);
    expect(cells).toEqual(['r 0, c0: 1', 'r 0, c1: 2', 'r1, c0: 3']);
  });
});

describe('imageGrid', () => {
  it('lays images out in rows', () => {
    const image = { pixels: { width: 8, height: 8, channels: 1 as const, data: new Uint8Array(64) }, caption: '1' };
    const svg = parse(
      imageGrid(
        Array.from({ length: 7 }, () => image),
        { title: 't', columns: 3, zoom: 3 },
      ),
    );
    const images = all(svg, 'image');
    expect(images).toHaveLength(7);
    expect(new Set(images.map((m) => m.getAttribute('x'))).size).toBe(3);
    expect(new Set(images.map((m) => m.getAttribute('y'))).size).toBe(3);
    for (const m of images) expect(numbers(m, 'width', 'height')).toEqual([24, 24]);
  });
});

describe('svg', () => {
  it('escapes what would break out, and drops control characters', () => {
    const nasty = '</title><script>alert("1")</script>\u0000\u001b';
    const svg = parse(picture({ title: nasty, width: 10, height: 10 }));
    expect(svg.querySelector('script')).toBeNull();
    expect(svg.querySelector('title')!.textContent).toBe('</title><script>alert("1")</script>');
    expect(escapeXml('a\nb')).toBe('a\nb');
  });

  it('gives two different pictures different ids, and the same picture the same text', () => {
    const id = (title: string) => /aria-labelledby="(\S+) /.exec(picture({ title, width: 1, height: 1 }))![1];
    expect(id('a')).not.toBe(id('b'));
    expect(id('a')).toBe(id('a'));
  });

  it.each([
    [0.30000000000000004, '0.3'],
    [-2, '−2'],
    [1500, '1500'],
    [2.5e-7, '2.50e−7'],
    [0.05, '0.05'],
    [2e6, '2000000'],
  ])('tickText(%d) is %s', (v, text) => expect(tickText(v)).toBe(text));
});

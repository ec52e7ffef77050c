import { describe, expect, it } from 'vitest';
import { smallMultiples } from './small-multiples.ts';

const series = (name: string, ...ys: (number | null)[]) => ({ name, points: ys.map((y, x) => ({ x, y })) });
const options = { title: 'All', x: { label: 'samples' }, y: { label: 'share', range: [0, 1] as const }, columns: 2 };

const pathsOf = (svg: string): string[] => [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, d]) => d!);

describe('small multiples', () => {
  it('draw every panel on the same scales', () => {
    const svg = smallMultiples(
      [
        { name: 'one', series: [series('a', 0, 0.5, 1)] },
        { name: 'two', series: [series('a', 0, 0.5, 1)] },
        { name: 'three', series: [series('a', 1, 0.5, 0)] },
      ],
      options,
    );
    const [one, two, three] = pathsOf(svg);
    expect(two).toBe(one);
    expect(three).not.toBe(one);
    // The same heights in reverse order, at the same places.
    const spots = (d: string) =>
      d
        .slice(1)
        .split('L')
        .map((p) => p.split(',').map(Number));
    expect(spots(three!).map(([x]) => x)).toEqual(spots(one!).map(([x]) => x));
    expect(spots(three!).map(([, y]) => y)).toEqual(
      spots(one!)
        .map(([, y]) => y)
        .toReversed(),
    );
    expect(svg.match(/translate\(/g)).toHaveLength(3);
  });

  it('name panels and series, escape both, and leave gaps', () => {
    const svg = smallMultiples(
      [{ name: 'a<b', note: '42 %', series: [series('x&y', 0, null, 1), series('z', 1, 1, 1)] }],
      options,
    );
    expect(svg).toContain('a&#60;b');
    expect(svg).toContain('x&#38;y');
    expect(svg).toContain('42 %');
    expect(pathsOf(svg)[0]!.match(/M/g)).toHaveLength(2);
  });

  it('draw bands, a reference, and nothing at all', () => {
    const banded = { name: 'a', points: [0, 1].map((x) => ({ x, y: 0.5, low: 0.25, high: 0.75 })) };
    const svg = smallMultiples([{ name: 'one', series: [banded] }], { ...options, reference: 0.5 });
    expect(svg).toContain('fill-opacity');
    expect(svg).toContain('stroke-dasharray="1 3"');
    expect(smallMultiples([], options)).toContain('</svg>');
  });
});

import { describe, expect, it } from 'vitest';
import { terminalChart } from './braille.ts';

/** The dots of a picture as [x, y] from the lower left, read by the Unicode definition of braille cells. */
function dots(lines: readonly string[]): [number, number][] {
  const bits = [
    [0, 0],
    [0, 1],
    [0, 2],
    [1, 0],
    [1, 1],
    [1, 2],
    [0, 3],
    [1, 3],
  ]; // dot 1 … dot 8
  const rows = lines.filter((l) => /[│┤]/.test(l)).map((l) => l.replace(/^.*?[│┤]/, ''));
  return rows.flatMap((row, r) =>
    [...row].flatMap((c, column) => {
      const code = c.codePointAt(0)! - 0x2800;
      if (code < 0 || code > 255) return [];
      const set = bits.filter((_, i) => (code >> i) & 1);
      return set.map(([x, y]): [number, number] => [2 * column + x!, 4 * (rows.length - 1 - r) + 3 - y!]);
    }),
  );
}

describe('terminalChart', () => {
  it('draws a straight line as the diagonal', () => {
    const line = {
      name: 'y = x',
      points: [
        [0, 0],
        [1, 1],
      ] as const,
    };
    const lines = terminalChart([line], { width: 15, height: 5, yRange: [0, 1] });
    const set = dots(lines).sort((a, b) => a[0] - b[0]);
    expect(set[0]).toEqual([0, 0]);
    expect(set.at(-1)).toEqual([19, 19]); // 15 characters less the label 0.5, blank and axis are 10 columns of 2 dots
    for (const [x, y] of set) expect(y).toBe(x);
  });

  it('leaves a gap where a value is missing', () => {
    const gap = {
      name: 'gap',
      points: [
        [0, 1],
        [1, null],
        [2, 1],
      ] as const,
    };
    const set = dots(terminalChart([gap], { width: 30, height: 4, yRange: [0, 2] }));
    expect(new Set(set.map(([x]) => x)).size).toBe(2);
  });

  it('labels both axes, stays in its width and names the series', () => {
    const curve = {
      name: 'backprop',
      points: Array.from({ length: 50 }, (_, i) => [i, 2.3 * Math.exp(-i / 9)] as const),
    };
    const lines = terminalChart([curve], { width: 50, height: 9, xLabel: 'epoch', yLabel: 'loss' });
    expect(lines[0]).toBe('loss');
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(50);
    expect(lines.at(-2)).toMatch(/^ +0 +epoch +49$/);
    expect(lines.at(-1)).toBe('━━ backprop');
    expect(lines.slice(1, -3).filter((l) => l.includes('┤')).length).toBeGreaterThanOrEqual(3);
  });

  it('paints each series by its index and survives having nothing to draw', () => {
    const flat = (name: string, y: number) => ({
      name,
      points: [
        [0, y],
        [1, y],
      ] as const,
    });
    const text = terminalChart([flat('a', 0), flat('b', 1)], {
      width: 20,
      height: 4,
      paint: (t, i) => `<${i}:${t}>`,
    }).join('\n');
    expect(text).toMatch(/<0:⣀+>/);
    expect(text).toMatch(/<1:⠉+>/);
    expect(terminalChart([{ name: 'a', points: [[0, null]] }], { yLabel: 'loss' })).toEqual(['loss (nothing to draw)']);
  });
});

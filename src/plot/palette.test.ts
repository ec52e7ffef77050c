import { describe, expect, it } from 'vitest';
import {
  divergingColor,
  sequentialColor,
  seriesColor,
  seriesColors,
  seriesDash,
  themeColors,
  themeCss,
} from './palette.ts';

type V3 = readonly [number, number, number];

const linear = (c: number) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const rgb = (hex: string) =>
  [1, 3, 5].map((i) => linear(Number.parseInt(hex.slice(i, i + 2), 16) / 255)) as unknown as V3;
const times = (m: readonly V3[], v: V3) => m.map((r) => r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) as unknown as V3;

// OKLab: Ottosson 2020.
const toLms: V3[] = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const toLab: V3[] = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];
const oklab = (v: V3) => times(toLab, times(toLms, v).map(Math.cbrt) as unknown as V3);

// Full colour-vision deficiencies in linear RGB: Machado, Oliveira, Fernandes 2009.
const views: Record<string, V3[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};
const seen = (hex: string, view: V3[]) =>
  oklab(times(view, rgb(hex)).map((c) => Math.min(1, Math.max(0, c))) as unknown as V3);

const luminance = (hex: string) => times([[0.2126, 0.7152, 0.0722]], rgb(hex))[0];
/** Contrast ratio of WCAG 2.2. */
const contrast = (a: string, b: string) => {
  const [hi, lo] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number];
  return (hi + 0.05) / (lo + 0.05);
};

describe.each(['light', 'dark'] as const)('%s palette', (theme) => {
  const colors = seriesColors[theme];
  it.each(Object.keys(views))('keeps any two series apart in %s vision', (view) => {
    const points = colors.map((c) => seen(c, views[view]!));
    for (const [i, a] of points.entries()) {
      for (const [j, b] of points.slice(0, i).entries()) {
        const distance = 100 * Math.hypot(...a.map((x, k) => x - b[k]!));
        expect(distance, `${colors[i]} and ${colors[j]}`).toBeGreaterThanOrEqual(8);
      }
    }
  });

  it('is readable on its ground', () => {
    const { page, surface, ink, muted } = themeColors[theme];
    for (const color of colors) expect(contrast(color, surface), color).toBeGreaterThanOrEqual(3);
    for (const ground of [page, surface]) {
      expect(contrast(ink, ground)).toBeGreaterThanOrEqual(7);
      expect(contrast(muted, ground)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

describe('series', () => {
  it('gives forty series forty looks', () => {
    const looks = Array.from({ length: 40 }, (_, i) => `${seriesColor(i)} ${seriesDash(i)}`);
    expect(new Set(looks).size).toBe(40);
  });
  it('defines every variable that a series may ask for, in both themes', () => {
    const css = themeCss('.x');
    for (const hex of [...seriesColors.light, ...seriesColors.dark]) expect(css).toContain(hex);
    for (let i = 0; i < 8; i++) expect(css).toContain(`${seriesColor(i).slice(4, -1)}:`);
  });
});

describe('ramps', () => {
  it('grow in lightness all along when sequential', () => {
    const lightness = Array.from({ length: 33 }, (_, i) => oklab(rgb(sequentialColor(i / 32)))[0]);
    for (let i = 1; i < lightness.length; i++) expect(lightness[i]!).toBeGreaterThan(lightness[i - 1]!);
  });
  it('peak in lightness at the middle when diverging, and clamp outside', () => {
    const lightness = Array.from({ length: 33 }, (_, i) => oklab(rgb(divergingColor(i / 32)))[0]);
    expect(lightness.indexOf(Math.max(...lightness))).toBe(16);
    expect(divergingColor(-3)).toBe(divergingColor(0));
    expect(divergingColor(7)).toBe(divergingColor(1));
  });
});

/** Colours that stay apart for colour-blind readers on light and dark ground, and the CSS variables that carry them. */

/** Series colours per theme: any two differ by ≥ 8 (OKLab × 100) also under full protan-, deuter- and tritanopia, and each has contrast ≥ 3 to its ground. */
export const seriesColors = {
  light: ['#2f51c2', '#be4b07', '#03a680', '#ac5eed', '#bb8c02', '#46236b', '#5c7ea5', '#980234'],
  dark: ['#68a1fe', '#fe874b', '#2cd4a6', '#c57fbb', '#f6ca45', '#9160f3', '#a2ddf9', '#e04458'],
} as const;

/** Dash patterns that tell series apart beyond the eight colours. */
export const seriesDashes = ['', '7 3', '2 3', '9 3 2 3', '4 2 1 2 1 2'] as const;

/** Ground, ink and line colours per theme. */
export const themeColors = {
  light: { page: '#f6f7f9', surface: '#ffffff', ink: '#1b1f27', muted: '#5b6472', line: '#dfe3e9', accent: '#2f51c2' },
  dark: { page: '#0e1014', surface: '#15171c', ink: '#e6e9ef', muted: '#99a2b1', line: '#2b303a', accent: '#68a1fe' },
} as const;

export type Theme = keyof typeof themeColors;

/** The colour of series i as a CSS variable, repeating after eight. */
export const seriesColor = (i: number): string => `var(--series-${i % seriesColors.light.length})`;

/** The dash pattern of series i: solid for the first eight, then one pattern for every further eight. */
export const seriesDash = (i: number): string =>
  seriesDashes[Math.floor(i / seriesColors.light.length) % seriesDashes.length]!;

/** CSS declarations of every colour variable of a theme. */
export function themeVariables(theme: Theme): string {
  const named = Object.entries(themeColors[theme]).map(([name, value]) => `--${name}:${value}`);
  const series = seriesColors[theme].map((value, i) => `--series-${i}:${value}`);
  return [...named, ...series].join(';');
}

/** A style sheet that sets the variables on a selector: light, dark by preference, and either by a data-theme attribute of the root. */
export function themeCss(selector: string): string {
  return [
    `${selector}{color-scheme:light dark;${themeVariables('light')}}`,
    `@media (prefers-color-scheme:dark){${selector}{${themeVariables('dark')}}}`,
    `:root[data-theme=light] ${selector},${selector}[data-theme=light]{color-scheme:light;${themeVariables('light')}}`,
    `:root[data-theme=dark] ${selector},${selector}[data-theme=dark]{color-scheme:dark;${themeVariables('dark')}}`,
  ].join('\n');
}

type Rgb = readonly [number, number, number];

const sequentialStops: readonly Rgb[] = [
  [26, 20, 66],
  [32, 84, 147],
  [22, 148, 140],
  [126, 199, 92],
  [250, 232, 120],
];
const divergingStops: readonly Rgb[] = [
  [23, 78, 166],
  [120, 170, 225],
  [240, 240, 238],
  [240, 158, 96],
  [166, 61, 8],
];

/** The colour at t in [0, 1] of a ramp from dark (0) to bright (1), for magnitudes. */
export const sequentialColor = (t: number): string => ramp(sequentialStops, t);

/** The colour at t in [0, 1] of a ramp from blue (0) through near-white (½) to orange (1), for signed values. */
export const divergingColor = (t: number): string => ramp(divergingStops, t);

function ramp(stops: readonly Rgb[], t: number): string {
  const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const channel = (c: number) => stops[i]![c]! + (at - i) * (stops[i + 1]![c]! - stops[i]![c]!);
  return `#${[0, 1, 2].map((c) => Math.round(channel(c)).toString(16).padStart(2, '0')).join('')}`;
}

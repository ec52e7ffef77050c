/** Numbers with units, for people: every function is self-contained enough to be inlined into a page. */

/** Formats with at least `digits` significant digits, whole above that, without exponent from 1e-4 to 1e15; null and NaN become an en dash. */
export function formatNumber(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15))
    return value
      .toExponential(digits - 1)
      .replace('e+', 'e')
      .replaceAll('-', '−');
  const rounded = Number(size.toPrecision(digits));
  const decimals = rounded === 0 ? 0 : Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
  return `${value < 0 ? '−' : ''}${size.toFixed(decimals)}`;
}

/** Formats with a decimal prefix: `formatSi(12.3e6, 'FLOP')` is `12.3 MFLOP`. */
export function formatSi(value: number | null | undefined, unit: string, digits = 3): string {
  return scaled(value, unit, digits, 1000, ['', 'k', 'M', 'G', 'T', 'P', 'E']);
}

/** Formats bytes with a binary prefix: `4.1 MiB`. */
export function formatBytes(value: number | null | undefined, digits = 3): string {
  return scaled(value, 'B', digits, 1024, ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi']);
}

function scaled(
  value: number | null | undefined,
  unit: string,
  digits: number,
  base: number,
  prefixes: string[],
): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value, digits);
  let rest = value;
  let step = 0;
  // Rounding may reach the next prefix (999.96 → 1000, 1023.9 → 1024), so the rounded number decides.
  const shown = (x: number) =>
    Math.abs(x) >= 1000 ? Math.round(Math.abs(x)) : Math.abs(Number(x.toPrecision(digits)));
  while (step < prefixes.length - 1 && shown(rest) >= base) {
    rest /= base;
    step++;
  }
  const whole = step === 0 && Number.isInteger(rest);
  return `${whole ? String(rest).replace('-', '−') : formatNumber(rest, digits)} ${prefixes[step]}${unit}`;
}

/** Formats a duration given in seconds: `12 µs`, `850 ms`, `3.2 s`, `2 min 05 s`, `1 h 04 min`. */
export function formatSeconds(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  const seconds = Math.abs(value);
  if (seconds === 0) return '0 s';
  if (seconds < 59.5) {
    const small = ['s', 'ms', 'µs', 'ns'];
    let rest = seconds;
    let step = 0;
    while (step < 3 && Number(rest.toPrecision(digits)) < 1) {
      rest *= 1000;
      step++;
    }
    return `${formatNumber(rest, digits)} ${small[step]}`;
  }
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** Formats a fraction as a percentage: 0.973 is `97.3 %`. */
export function formatPercent(value: number | null | undefined, decimals = 1): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  return `${(100 * value).toFixed(decimals).replace('-', '−')} %`;
}

/** Formats a fraction and the half-width of its interval: `97.3 ± 0.4 %`; without a half-width just the mean. */
export function formatPercentInterval(mean: number | null, half: number | null, decimals = 1): string {
  if (mean === null || half === null || !Number.isFinite(mean)) return formatPercent(mean, decimals);
  return `${(100 * mean).toFixed(decimals)} ± ${(100 * half).toFixed(decimals)} %`;
}

/** Formats a number and the half-width of its interval with as many decimals as the mean has at `digits`: `0.213 ± 0.004`. */
export function formatInterval(mean: number | null, half: number | null, digits = 3): string {
  const text = formatNumber(mean, digits);
  if (mean === null || half === null || !Number.isFinite(mean) || text.includes('e')) return text;
  return `${text} ± ${half.toFixed(text.split('.')[1]?.length ?? 0)}`;
}

/** Formats an angle in degrees: `12°`, one decimal below ten. */
export function formatDegrees(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return formatNumber(value);
  const text = Math.abs(value) < 9.95 && value !== 0 ? value.toFixed(1) : value.toFixed(0);
  return `${text.replace('-', '−')}°`;
}

/** The public functions by name, which survives a bundler. */
export const unitsByName = {
  formatNumber,
  formatSi,
  formatBytes,
  formatSeconds,
  formatPercent,
  formatPercentInterval,
  formatInterval,
  formatDegrees,
} as const;

/** Every function of this file, the private one too, for pages that inline them by source text. */
export const unitFunctions = [...Object.values(unitsByName), scaled] as const;

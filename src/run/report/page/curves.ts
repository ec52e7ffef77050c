/** The curves of a report: accuracy, loss, angle and norm ratio as a run goes on. Inlined by source text, see start.ts. */
import type * as PlotModule from '@observablehq/plot';
import type { Band, LayerPoint, Position } from '../view.ts';
import type { Kit } from './start.ts';

interface Row extends Band {
  readonly rule: string;
  readonly x: number;
  readonly epoch: number;
}

interface CurveOptions {
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly y: PlotModule.ScaleOptions;
  readonly show: (value: number) => string;
  /** Where a dotted line of reference runs. */
  readonly reference?: number;
}

interface XAxis {
  readonly label: string;
  readonly show: (value: number) => string;
  readonly tick: (value: number) => string;
}

function accuracyCurve(kit: Kit, width: number): Element | null {
  const isError = kit.state.accuracyAs === 'error';
  const flip = (b: Band): Band => ({ mean: 1 - b.mean, low: 1 - b.high, high: 1 - b.low, n: b.n });
  const all = rowsOf(kit, kit.view.curve, (p) => (isError && p.accuracy !== null ? flip(p.accuracy) : p.accuracy));
  const rows = isError ? all.filter((r) => r.low > 0) : all;
  const show = (v: number) => kit.format.formatPercent(v);
  const y: PlotModule.ScaleOptions = { percent: true, nice: true, ...(isError ? logScale(rows, 100, []) : {}) };
  return curveChart(kit, rows, { width, height: 330, label: isError ? 'error (%)' : 'accuracy (%)', y, show });
}

function lossCurve(kit: Kit, width: number): Element | null {
  const { lossField, logLoss } = kit.state;
  const all = rowsOf(kit, kit.view.curve, (p) => p[lossField]);
  const rows = logLoss ? all.filter((r) => r.low > 0) : all;
  const show = (v: number) => kit.format.formatNumber(v);
  const y = logLoss ? logScale(rows, 1, []) : { nice: true, ticks: 6 };
  return curveChart(kit, rows, { width, height: 330, label: lossField === 'loss' ? 'loss' : 'training loss', y, show });
}

function angleCurve(kit: Kit, width: number, place: HTMLElement): Element | null {
  const top = Math.max(95, ...kit.view.layerCurve.map((p) => p.angleDeg?.high ?? 0)); // all layers share one axis
  const y = { domain: [0, top], ticks: [0, 30, 60, 90, 120, 150, 180].filter((t) => t <= top) };
  const show = (v: number) => kit.format.formatDegrees(v);
  const rows = layerRows(kit, place, (p) => p.angleDeg);
  return curveChart(kit, rows, { width, height: 220, label: 'angle (°)', y, show, reference: 90 });
}

function normCurve(kit: Kit, width: number, place: HTMLElement): Element | null {
  const rows = layerRows(kit, place, (p) => p.normRatio).filter((r) => r.low > 0);
  const shown = rowsOf(kit, kit.view.layerCurve, (p) => p.normRatio).filter((r) => r.low > 0);
  const show = (v: number) => kit.format.formatNumber(v);
  const y = logScale(shown, 1, [0.5, 2]); // all layers share one axis
  return curveChart(kit, rows, { width, height: 220, label: 'norm ratio', y, show, reference: 1 });
}

function layerRows(kit: Kit, place: HTMLElement, band: (point: LayerPoint) => Band | null): Row[] {
  const layer = Number(place.dataset.layer);
  const points = kit.view.layerCurve.filter((p) => p.layer === layer);
  return rowsOf(kit, points, band);
}

function rowsOf<P extends Position>(kit: Kit, points: readonly P[], band: (point: P) => Band | null): Row[] {
  return points.flatMap((p) => {
    const b = kit.state.hidden.has(p.rule) ? null : band(p);
    return b === null ? [] : [{ rule: p.rule, x: p[kit.state.x], epoch: p.epoch, ...b }];
  });
}

/** A logarithmic axis that holds the rows (times a factor) and some further values, with ticks at 1, 2, 5 or at powers of ten. */
function logScale(rows: readonly Row[], factor: number, further: readonly number[]): PlotModule.ScaleOptions {
  const low = factor * Math.min(...rows.map((r) => r.low), ...further) * 0.9;
  const high = factor * Math.max(...rows.map((r) => r.high), ...further) * 1.1;
  const decades = Math.log10(high / low);
  const digits = decades > 3.5 ? [1] : decades > 2.2 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high); e++) {
    for (const d of digits) ticks.push(Number(`${d}e${e}`));
  }
  const inside = ticks.filter((t) => t >= low && t <= high);
  const apart = Math.ceil(inside.length / 8);
  const chosen = inside.filter((_, i) => i % apart === 0);
  return { type: 'log', domain: [low, high], ticks: chosen, tickFormat: (t: number) => String(t).replace('e-', 'e−') };
}

function curveChart(kit: Kit, rows: readonly Row[], options: CurveOptions): Element | null {
  if (rows.length === 0) return null;
  const { plot } = kit;
  const axis = xAxis(kit);
  const reference = options.reference === undefined ? [] : [options.reference];
  const room = Math.max(2, Math.floor(options.width / 80));
  const epochs = Math.max(...rows.map((r) => r.epoch)) - Math.min(...rows.map((r) => r.epoch));
  const ticks = kit.state.x === 'epoch' ? Math.max(1, Math.min(room, epochs)) : room; // no ticks between whole epochs
  return plot.plot({
    width: options.width,
    height: options.height,
    marginLeft: 46,
    marginRight: 14,
    marginTop: 24,
    marginBottom: 42,
    ariaLabel: `${options.label} by ${axis.label}, one line per rule`,
    x: { label: axis.label, labelArrow: 'none', labelOffset: 38, tickFormat: axis.tick, ticks },
    y: { grid: true, label: options.label, labelArrow: 'none', ...options.y },
    marks: [
      plot.ruleY(reference, { stroke: 'var(--muted)', strokeDasharray: '1 3' }),
      ...kit.shown().flatMap((rule) => curveMarks(kit, rule, rows)),
      curveTips(kit, rows, options.show),
    ],
  });
}

function curveMarks(
  kit: Kit,
  rule: { rule: string; color: number; dash: string },
  rows: readonly Row[],
): PlotModule.Markish[] {
  const own = rows.filter((r) => r.rule === rule.rule);
  const stroke = `var(--series-${rule.color})`;
  const line = { x: 'x', y: 'mean', stroke, strokeWidth: 2, strokeLinejoin: 'round' } as const;
  return [
    kit.plot.areaY(
      own.filter((r) => r.n > 1),
      { x: 'x', y1: 'low', y2: 'high', fill: stroke, fillOpacity: 0.16 },
    ),
    kit.plot.lineY(own, { ...line, strokeDasharray: rule.dash === '' ? 'none' : rule.dash }),
    kit.plot.dot(own.length < 3 ? own : [], { x: 'x', y: 'mean', fill: stroke, r: 3 }),
  ];
}

function curveTips(kit: Kit, rows: readonly Row[], show: (value: number) => string): PlotModule.Markish {
  const axis = xAxis(kit);
  const title = (r: Row) => {
    const range = r.n > 1 ? `\n${show(r.low)} to ${show(r.high)} over ${r.n} seeds` : '';
    const where = kit.state.x === 'epoch' ? axis.show(r.x) : `${axis.show(r.x)}, epoch ${r.epoch}`;
    return `${r.rule}\n${show(r.mean)} at ${where}${range}`;
  };
  return kit.plot.tip(rows, kit.plot.pointer({ x: 'x', y: 'mean', title, lineHeight: 1.4 }));
}

function xAxis(kit: Kit): XAxis {
  const { formatSi, formatSeconds } = kit.format;
  const counted = (v: number) => formatSi(v, '', 2).trim();
  const axes = {
    epoch: {
      label: 'epoch',
      show: (v: number) => `epoch ${v}`,
      tick: (v: number) => (Number.isInteger(v) ? `${v}` : ''),
    },
    samples: { label: 'samples seen', show: (v: number) => `${counted(v)} samples`, tick: counted },
    flops: { label: 'FLOP', show: (v: number) => formatSi(v, 'FLOP'), tick: counted },
    seconds: { label: 'time (s)', show: (v: number) => formatSeconds(v), tick: (v: number) => `${v}` },
  };
  return axes[kit.state.x];
}

/** The charts by the name their place in the page carries. */
export const curveCharts = { accuracy: accuracyCurve, loss: lossCurve, angleDeg: angleCurve, normRatio: normCurve };
export const curveFunctions = [
  accuracyCurve,
  lossCurve,
  angleCurve,
  normCurve,
  layerRows,
  rowsOf,
  logScale,
  curveChart,
  curveMarks,
  curveTips,
  xAxis,
] as const;

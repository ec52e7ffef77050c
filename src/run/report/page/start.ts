/**
 * The start of a report's script: reads the embedded view, joins charts and controls, and draws.
 *
 * Functions in this folder are inlined in the page by their source text: each may use its arguments, the browser, and functions of its own file only.
 */
import type * as PlotModule from '@observablehq/plot';
import type { unitsByName } from '../../../plot/units.ts';
import type { ReportView, RuleView } from '../view.ts';

/** What the reader has chosen. */
export interface PageState {
  readonly hidden: Set<string>;
  x: 'epoch' | 'samples' | 'flops' | 'seconds';
  accuracyAs: 'accuracy' | 'error';
  lossField: 'loss' | 'trainLoss';
  logLoss: boolean;
}

/** What every chart and control is given. */
export interface Kit {
  readonly plot: typeof PlotModule;
  readonly format: typeof unitsByName;
  readonly view: ReportView;
  readonly state: PageState;
  /** The rules that are not switched off. */
  readonly shown: () => RuleView[];
}

/** Draws one chart into a place of the given width; null where there is nothing to draw. */
export type Chart = (kit: Kit, width: number, place: HTMLElement) => Element | null;
export type Control = (kit: Kit, draw: () => void) => void;

function startReport(
  plot: typeof PlotModule,
  format: typeof unitsByName,
  charts: Readonly<Record<string, Chart>>,
  controls: readonly Control[],
): void {
  const view = JSON.parse(document.getElementById('view')!.textContent!) as ReportView;
  const state = firstState(view);
  const kit: Kit = { plot, format, view, state, shown: () => view.rules.filter((r) => !state.hidden.has(r.rule)) };
  const draw = () => drawAll(kit, charts, (place) => place.clientWidth);
  for (const control of controls) control(kit, draw);
  draw();
  addEventListener('beforeprint', () => drawAll(kit, charts, paperWidth));
  addEventListener('afterprint', draw);
  let width = document.body.clientWidth;
  addEventListener('resize', () => {
    if (document.body.clientWidth !== width) draw();
    width = document.body.clientWidth;
  });
}

function firstState(view: ReportView): PageState {
  const means = view.curve.map((p) => p.loss?.mean).filter((v): v is number => v !== undefined && v > 0);
  const logLoss = means.length > 0 && Math.max(...means) > 30 * Math.min(...means);
  return { hidden: new Set(), x: 'epoch', accuracyAs: 'accuracy', lossField: 'loss', logLoss };
}

function drawAll(kit: Kit, charts: Readonly<Record<string, Chart>>, widthOf: (place: HTMLElement) => number): void {
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) {
    const chart = charts[place.dataset.chart!]!;
    place.replaceChildren(chart(kit, widthOf(place) || 480, place) ?? emptyNote());
  }
}

/** About what a place measures on paper: its size there is not known before the page is printed. */
function paperWidth(place: HTMLElement): number {
  return place.closest('.third') === null ? 330 : 215;
}

function emptyNote(): Element {
  const note = document.createElement('p');
  note.className = 'empty';
  note.textContent = 'Nothing to draw: no shown rule has a value here.';
  return note;
}

/** The functions to inline; the first one starts the page. */
export const startFunctions = [startReport, firstState, drawAll, paperWidth, emptyNote] as const;

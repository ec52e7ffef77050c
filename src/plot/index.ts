/** Pictures without dependencies: terminal charts, SVG charts, graphs, units and colours. */
export type { AxisOptions } from './axes.ts';
export { type Bar, type BarChartOptions, barChart } from './bar-chart.ts';
export { type TerminalChartOptions, type TerminalSeries, terminalChart } from './braille.ts';
export { type DagLabels, plotDag } from './dag.ts';
export { type GraphSvgOptions, graphDot, graphSvg, type PlotEdge, type PlotGraph, type PlotNode } from './graph.ts';
export { type HeatMapOptions, heatMap } from './heat-map.ts';
export { type GridImage, type ImageGridOptions, imageGrid } from './image-grid.ts';
export { type LineChartOptions, type LinePoint, type LineSeries, lineChart } from './line-chart.ts';
export {
  divergingColor,
  sequentialColor,
  seriesColor,
  seriesColors,
  seriesDash,
  type Theme,
  themeColors,
  themeCss,
} from './palette.ts';
export { encodePng, type Pixels, pngDataUrl } from './png.ts';
export { type ScalarPlotOptions, scalarLabels, scalarPlot } from './scalar-graph.ts';
export { bar, meter, resample, type SparklineOptions, sparkline } from './terminal.ts';
export { linearTicks, logTicks, roundRange } from './ticks.ts';
export {
  formatBytes,
  formatDegrees,
  formatInterval,
  formatNumber,
  formatPercent,
  formatPercentInterval,
  formatSeconds,
  formatSi,
} from './units.ts';
export { cellNumber, type ValueGraphOptions, type ValueNode, valueGraphDot, valueGraphSvg } from './value-graph.ts';

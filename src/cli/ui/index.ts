/** The terminal: progress, tables, colours. */
export { type BoardOptions, claimBoard, ledgerTables, type PaperState } from './claims.ts';
export { type Live, type LiveOptions, liveBlock, type ProcessLike, type Terminal } from './live.ts';
export { benchTable, claimTable, compareTable } from './results.ts';
export { type Column, type TableOptions, table } from './table.ts';
export { clean, pad, type Style, style, textWidth, truncate, wantsColor, wrap } from './text.ts';
export { type Look, openUi, type Ui, type UiOptions } from './ui.ts';

/** The controls of a report: legend, axis and theme choices, table sorting, download. Inlined by source text, see start.ts. */
import type { Kit, PageState } from './start.ts';

function wireLegend(kit: Kit, draw: () => void): void {
  const { hidden } = kit.state;
  const chips = [...document.querySelectorAll<HTMLButtonElement>('.legend [data-rule]')];
  const ids = chips.map((c) => c.dataset.rule!);
  const hide = (rules: readonly string[]) => {
    hidden.clear();
    for (const rule of rules) hidden.add(rule);
    for (const chip of chips) chip.setAttribute('aria-pressed', String(!hidden.has(chip.dataset.rule!)));
    draw();
  };
  for (const chip of chips) {
    const id = chip.dataset.rule!;
    chip.addEventListener('click', () => hide(hidden.has(id) ? [...hidden].filter((r) => r !== id) : [...hidden, id]));
    chip.addEventListener('dblclick', () => hide(ids.filter((r) => r !== id)));
  }
  document.getElementById('show-all')!.addEventListener('click', () => hide([]));
  document.getElementById('show-none')!.addEventListener('click', () => hide(ids));
}

function wireChoices(kit: Kit, draw: () => void): void {
  const log = document.getElementById('log-loss') as HTMLInputElement;
  log.checked = kit.state.logLoss;
  log.addEventListener('change', () => {
    kit.state.logLoss = log.checked;
    draw();
  });
  onChoice('x-axis', (value) => {
    kit.state.x = value as PageState['x'];
    draw();
  });
  onChoice('accuracy-as', (value) => {
    kit.state.accuracyAs = value as PageState['accuracyAs'];
    draw();
  });
  onChoice('loss-field', (value) => {
    kit.state.lossField = value as PageState['lossField'];
    draw();
  });
}

function wireTheme(): void {
  onChoice('theme', (value) => {
    if (value === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  });
}

function onChoice(id: string, choose: (value: string) => void): void {
  document.getElementById(id)!.addEventListener('change', (event) => choose((event.target as HTMLSelectElement).value));
}

function wireTable(): void {
  for (const head of document.querySelectorAll<HTMLTableCellElement>('table.summary th[data-sort]')) {
    head.querySelector('button')!.addEventListener('click', () => sortBy(head));
  }
}

function sortBy(head: HTMLTableCellElement): void {
  const descending = head.getAttribute('aria-sort') === 'ascending';
  for (const other of head.parentElement!.children) other.removeAttribute('aria-sort');
  head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
  const body = head.closest('table')!.tBodies[0]!;
  const value = (row: HTMLTableRowElement) => row.cells[head.cellIndex]!.dataset.value!;
  const known = [...body.rows].filter((row) => value(row) !== '');
  const unknown = [...body.rows].filter((row) => value(row) === '');
  known.sort((a, b) => (descending ? -1 : 1) * compareText(value(a), value(b)));
  body.append(...known, ...unknown); // rows without a value stay last either way
}

function compareText(a: string, b: string): number {
  return Number.isNaN(Number(a)) ? a.localeCompare(b) : Number(a) - Number(b);
}

function wireDownload(): void {
  const link = document.getElementById('download') as HTMLAnchorElement;
  link.addEventListener('click', () => {
    const events = JSON.parse(document.getElementById('events')!.textContent!) as unknown[];
    const text = events.map((event) => `${JSON.stringify(event)}\n`).join('');
    link.href = URL.createObjectURL(new Blob([text], { type: 'application/jsonl' }));
  });
}

/** The controls to wire, then their helpers. */
export const controls = [wireLegend, wireChoices, wireTheme, wireTable, wireDownload] as const;
export const controlFunctions = [...controls, onChoice, sortBy, compareText] as const;

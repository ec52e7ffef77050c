/** The report of a fitted Hamiltonian: how well it fits, the phase portrait beside the data, and the energy along what it predicts. */
import { type LineSeries, lineChart } from '../plot/index.ts';
import { escapeHtml } from '../run/report/html.ts';
import { reportStyle } from '../run/report/style.ts';

/** A recorded run and what the model makes of its start; the prediction is null where it left all bounds. */
export interface RolledOut {
  readonly recorded: readonly (readonly number[])[];
  readonly predicted: readonly (readonly number[])[] | null;
  /** Learned energies along the prediction. */
  readonly energies: readonly number[];
  readonly h: number;
}

export interface PageContent {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly figures: readonly { readonly caption: string; readonly svg: string }[];
}

/** Runs that a picture stays readable with. */
const SHOWN = 4;

/** Position and momentum of one degree of freedom: recorded states and roll-outs. */
export function phasePortrait(
  runs: readonly RolledOut[],
  freedom: number,
  names: readonly [q: string, p: string],
): string {
  const n = runs[0]!.recorded[0]!.length / 2;
  const points = (states: readonly (readonly number[])[]) =>
    states.map((x) => ({ x: x[freedom]!, y: x[n + freedom]! }));
  const series = runs
    .slice(0, SHOWN)
    .flatMap(({ recorded, predicted }, i): LineSeries[] => [
      { name: `recorded ${i + 1}`, points: points(recorded) },
      ...(predicted === null ? [] : [{ name: `rolled out ${i + 1}`, points: points(predicted) }]),
    ]);
  const [q, p] = names;
  return lineChart(series, { title: `Phase portrait of ${q} and ${p}`, x: { label: q }, y: { label: p } });
}

/** The learned energy along each roll-out, less its start. */
export function energyChart(runs: readonly RolledOut[]): string {
  const series = runs.slice(0, SHOWN).map(({ energies, h }, i) => ({
    name: `run ${i + 1}`,
    points: energies.map((e, k) => ({ x: k * h, y: e - energies[0]! })),
  }));
  return lineChart(series, {
    title: 'Energy along the roll-outs',
    x: { label: 'time' },
    y: { label: 'H − H at the start' },
  });
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Renders the page; it loads nothing and needs no script. */
export function hamiltonianPage({ title, facts, figures }: PageContent): string {
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const cards = figures.map(
    ({ caption, svg }) =>
      `<div class="card"><div class="scroll">${svg}</div><p class="about">${escapeHtml(caption)}</p></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(title)}</title>
<style>${reportStyle()}.grid+.grid{margin-top:16px}.card svg{display:block}</style>
</head>
<body>
<div class="page">
<header><p class="kind">cotangent fit hamiltonian</p><h1>${escapeHtml(title)}</h1></header>
<main>
<div class="grid"><div class="card"><div class="scroll"><table><tbody>${rows.join('\n')}</tbody></table></div></div></div>
${cards.map((card) => `<div class="grid">${card}</div>`).join('\n')}
</main>
<footer>This file is complete: it loads nothing from anywhere.</footer>
</div>
</body>
</html>
`;
}

/** The report of an atlas: one HTML file with tables and small charts, which loads nothing and needs no script. */
import { escapeHtml } from '../report/html.ts';
import { reportStyle } from '../report/style.ts';
import { type AtlasView, readAtlas } from './folder.ts';
import { picturesOf } from './pictures.ts';
import { accuracyTable, costTable, costText, settingText, type TextTable, whereText } from './tables.ts';
import type { TaskView } from './view.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const style = `
.grid+.grid{margin-top:16px}
.card .picture{overflow-x:auto}.card .picture svg{display:block;max-width:100%;height:auto}
.small{font-size:13.5px;color:var(--muted);margin:10px 0 0;padding-left:18px}
nav{margin:18px 0 0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}
`;

/** Renders everything measured as a self-contained page. */
export function atlasReport({ tasks, costs }: AtlasView): string {
  const links = [
    ...tasks.map(({ head }) => [head.task, head.title]),
    ...(costs === null ? [] : [['cost', 'Cost of a step']]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Atlas of credit assignment</title>
<style>${reportStyle()}${style}</style>
</head>
<body>
<div class="page">
<header>
<p class="kind">cotangent atlas</p>
<h1>Atlas of credit assignment</h1>
<p class="lead">Every rule on the model that suits it or the first that it supports, tuned by the same number of trials over the same budget, with backprop beside it.</p>
<nav>${links.map(([id, title]) => `<a href="#${id}">${escapeHtml(title!)}</a>`).join('')}</nav>
</header>
<main>
${tasks.map(taskSection).join('\n')}
${costs === null ? '' : `<h2 id="cost">Cost of a step</h2>\n<p class="about">${escapeHtml(costText(costs))}</p>\n${tableCard(costTable(costs))}`}
</main>
<footer>Written by cotangent. This file is complete: it loads nothing from anywhere.</footer>
</div>
</body>
</html>
`;
}

/** Writes the report of a folder; a reader never meets half a file. */
export async function writeAtlasReport(folder: string, path: string): Promise<void> {
  const { writeAtomic } = await import('../files.ts');
  await writeAtomic(path, atlasReport(await readAtlas(folder)));
}

function taskSection(view: TaskView): string {
  const { head, refusals } = view;
  const refused = refusals.map(
    ({ rule, reason }) => `<li><strong>${escapeHtml(rule)}</strong> was not run: ${escapeHtml(reason)}</li>`,
  );
  return `<h2 id="${escapeHtml(head.task)}">${escapeHtml(head.title)}</h2>
<p class="about">${escapeHtml(`${settingText(head)}; ${whereText(head)}.`)}</p>
${tableCard(accuracyTable(view))}
${picturesOf(view)
  .map(
    ({ caption, svg }) =>
      `<div class="grid"><figure class="card"><figcaption>${escapeHtml(caption)}</figcaption><div class="picture">${svg}</div></figure></div>`,
  )
  .join('\n')}
${refused.length === 0 ? '' : `<ul class="small">${refused.join('')}</ul>`}`;
}

const tableCard = ({ head, rows }: TextTable): string =>
  `<div class="grid"><div class="card scroll"><table>
<thead><tr>${head.map((h) => `<th scope="col">${escapeHtml(h)}</th>`).join('')}</tr></thead>
<tbody>${rows.map(([first, ...rest]) => `<tr><th scope="row">${escapeHtml(first!)}</th>${rest.map((v) => `<td>${escapeHtml(v)}</td>`).join('')}</tr>`).join('\n')}</tbody>
</table></div></div>`;

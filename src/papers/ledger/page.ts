/** The report of a run of the ledger: one HTML file with claims, tables and pictures, which loads nothing and needs no script. */
import { formatSeconds } from '../../plot/units.ts';
import { escapeHtml } from '../../run/report/html.ts';
import { reportStyle } from '../../run/report/style.ts';
import type { ClaimEvent } from '../../run/schema.ts';
import type { Figure, Table } from './lab.ts';
import type { PaperRecord } from './record.ts';
import { isUnexpected } from './runner.ts';
import { circumstancesOf, citationOf, countOf, figureOf, thresholdOf, verdictOf } from './words.ts';

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const style = `
.grid+.grid{margin-top:16px}
table.claims .claim{font-weight:500;min-width:230px}
.claim p{margin:0;font-weight:400;color:var(--muted);white-space:normal;max-width:62ch}
table.claims td:first-child,table.claims th:first-child{white-space:normal;width:46%}
table.claims td,table.claims th{padding-right:16px}
.verdict{font-weight:600}.good{color:var(--series-2)}.bad{color:var(--series-7)}.known{color:var(--series-1)}
.figures{display:grid;gap:16px;grid-template-columns:minmax(0,1fr);margin-top:16px}
.figures .card>div{overflow-x:auto}.figures svg{display:block}
nav{margin:18px 0 0;display:flex;flex-wrap:wrap;gap:4px 16px;font-size:14px}
.small{font-size:13.5px;color:var(--muted);margin:10px 0 0;padding-left:18px}
@media print{.claim p{max-width:none}}
`;

/** Renders records as a self-contained page. */
export function recordsPage(records: readonly PaperRecord[]): string {
  const title = records.length === 1 ? records[0]!.title : `${records.length} papers`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(`${title} · reproduced`)}</title>
<style>${reportStyle()}${style}</style>
</head>
<body>
<div class="page">
${header(records, title)}
<main>
${records.map((record) => section(record, records.length > 1)).join('\n')}
</main>
<footer>Written by cotangent ${escapeHtml(records[0]?.version ?? '')}. This file is complete: it loads nothing from anywhere.</footer>
</div>
</body>
</html>
`;
}

function header(records: readonly PaperRecord[], title: string): string {
  const claims = records.flatMap((r) => r.claims);
  const unexpected = claims.filter(isUnexpected).length;
  const links = records.map((r) => `<a href="#${r.paper}">${escapeHtml(r.paper)}</a>`);
  const surprise = unexpected === 0 ? '' : ` ${unexpected} came out other than expected.`;
  return `<header>
<p class="kind">cotangent reproduce</p>
<h1>${escapeHtml(title)}</h1>
<p class="lead"><strong>${countOf({ claims })}</strong>.${surprise} Thresholds were fixed before measuring.</p>
<p class="facts">${records[0] === undefined ? '' : escapeHtml(circumstancesOf(records[0]))}</p>
${records.length > 1 ? `<nav>${links.join('')}</nav>` : ''}
</header>`;
}

function section(record: PaperRecord, isOneOfMany: boolean): string {
  const head = isOneOfMany
    ? `<h2 id="${record.paper}">${escapeHtml(record.title)}</h2>\n<p class="about">${escapeHtml(`${citationOf(record.citation)}. ${countOf(record)}.`)}</p>`
    : `<h2 id="${record.paper}">Claims</h2>\n<p class="about">${escapeHtml(`${citationOf(record.citation)}. ${record.summary}`)}</p>`;
  return `${head}
<div class="grid"><div class="card"><div class="scroll"><table class="claims">
<thead><tr>${['claim', 'published', 'measured', 'threshold', 'verdict', 'time'].map((h) => `<th scope="col">${h}</th>`).join('')}</tr></thead>
<tbody>
${record.claims.map(claimRow).join('\n')}
</tbody></table></div></div></div>
${record.tables.map(tableCard).join('\n')}
<div class="figures">
${record.figures.map(figureCard).join('\n')}
</div>`;
}

function claimRow(claim: ClaimEvent): string {
  const { id, kind, sentence, why, failure } = claim;
  const notes = [failure, why].flatMap((text) => (text === undefined ? [] : [`<p>${escapeHtml(text)}</p>`]));
  const cells = [figureOf(claim.published, claim), figureOf(claim.measured, claim), thresholdOf(claim)];
  return `<tr><th scope="row" class="claim">${escapeHtml(sentence)}<p>${escapeHtml(id)} · ${kind}</p>${notes.join('')}</th>${cells
    .map((text) => `<td>${escapeHtml(text)}</td>`)
    .join(
      '',
    )}<td class="verdict ${looks(claim)}">${escapeHtml(verdictOf(claim))}</td><td>${formatSeconds(claim.seconds)}</td></tr>`;
}

const looks = (claim: ClaimEvent): string => (isUnexpected(claim) ? 'bad' : claim.holds ? 'good' : 'known');

const tableCard = ({ caption, head, rows }: Table): string =>
  `<div class="grid"><figure class="card"><figcaption>${escapeHtml(caption)}</figcaption><div class="scroll"><table>
<thead><tr>${head.map((h) => `<th scope="col">${escapeHtml(h)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map((v) => `<td>${escapeHtml(String(v))}</td>`).join('')}</tr>`).join('\n')}</tbody>
</table></div></figure></div>`;

const figureCard = ({ caption, svg }: Figure): string =>
  `<figure class="card"><figcaption>${escapeHtml(caption)}</figcaption><div>${svg}</div></figure>`;

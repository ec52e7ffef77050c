/** The style sheet of a report: one column of cards, light and dark, and a plain form for paper. */
import { themeCss, themeVariables } from '../../plot/palette.ts';

/** The whole style sheet as text. */
export const reportStyle = (): string =>
  `${themeCss(':root')}\n${layout}\n@media print{:root,:root[data-theme]{color-scheme:light;${themeVariables('light')}}${print}}`;

const layout = `
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums;--plot-background:var(--surface)}
.page{max-width:1180px;margin:0 auto;padding:40px 24px 64px}
header .kind{margin:0;color:var(--accent);font-weight:600;font-size:13px;letter-spacing:.04em}
h1{margin:2px 0 6px;font-size:30px;line-height:1.2;letter-spacing:-.015em;font-weight:650;text-wrap:balance}
h1 .model{color:var(--muted);font-weight:400}
.bar.tall{position:static}
.lead{margin:0;font-size:17px;max-width:100ch;text-wrap:pretty}
.facts{margin:8px 0 0;color:var(--muted);font-size:14px}
h2{margin:44px 0 4px;font-size:19px;font-weight:650;letter-spacing:-.01em}
.about{margin:0 0 14px;color:var(--muted);max-width:96ch;text-wrap:pretty}
.bar{position:sticky;top:0;z-index:2;margin:26px -24px 0;padding:10px 24px;background:color-mix(in srgb,var(--page) 92%,transparent);backdrop-filter:blur(6px);border-bottom:1px solid var(--line);display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center}
.legend{display:flex;flex-wrap:wrap;gap:6px;flex:1 1 420px}
button,select{font:inherit;color:inherit}
.chip{display:inline-flex;align-items:center;gap:7px;padding:3px 10px 3px 8px;border:1px solid var(--line);border-radius:99px;background:var(--surface);cursor:pointer;font-size:13.5px;line-height:1.4}
.chip svg{display:block}
.chip[aria-pressed=false]{color:var(--muted);background:none;text-decoration:line-through}
.chip[aria-pressed=false] svg{opacity:.25}
.plain{border:0;background:none;color:var(--accent);cursor:pointer;padding:3px 4px;font-size:13.5px}
.controls{display:inline-flex;flex-wrap:wrap;gap:6px 14px;font-size:13.5px;color:var(--muted)}
.controls label{display:inline-flex;gap:6px;align-items:center}
select{background:var(--surface);border:1px solid var(--line);border-radius:6px;padding:2px 4px;color:var(--ink)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.grid{display:grid;gap:16px;grid-template-columns:repeat(12,minmax(0,1fr))}
.card{grid-column:span 12;margin:0;padding:16px 18px 12px;background:var(--surface);border:1px solid var(--line);border-radius:10px;min-width:0}
.half{grid-column:span 6}.third{grid-column:span 4}
figcaption{display:flex;flex-wrap:wrap;gap:2px 8px;align-items:baseline;min-height:28px;margin:0 0 6px;font-weight:600;font-size:14.5px}
figcaption span{font-weight:400;color:var(--muted)}
[data-chart]{min-height:60px}
[data-chart] svg{display:block;max-width:100%;height:auto;overflow:visible;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
[data-chart] g[aria-label*=grid] line{stroke:var(--line);stroke-opacity:1}
[data-chart] g[aria-label*="tick label"],[data-chart] g[aria-label*="axis label"]{fill:var(--muted)}
[data-chart] g[aria-label*="axis tick"] path{stroke:var(--muted);stroke-opacity:.5}
[data-chart] g[aria-label=tip] path{stroke:var(--line)}
.empty{color:var(--muted);margin:16px 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:7px 12px 7px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:baseline}
tbody tr:last-child>*{border-bottom:0}
th:first-child,td:first-child,td.text{text-align:left}
td.text{white-space:normal}
thead th{font-weight:500;color:var(--muted);font-size:13px}
thead button{border:0;background:none;padding:0;color:inherit;cursor:pointer;font:inherit}
th[aria-sort=ascending] button::after{content:" ↑"}th[aria-sort=descending] button::after{content:" ↓"}
tbody th{font-weight:600}
td .pm{color:var(--muted);font-size:.93em}
.swatch{display:inline-block;vertical-align:1px;margin-right:8px}
.warn{color:var(--series-1);font-weight:500}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0;font-size:14px}
dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
.note{margin:14px 0 0;font-size:14px}
a{color:var(--accent)}
footer{margin-top:36px;color:var(--muted);font-size:13px}
@media screen and (max-width:860px){.half,.third{grid-column:span 12}.page{padding-top:24px}.bar{position:static}}
`;

const print = `
body{background:#fff;font-size:11px}.page{max-width:none;padding:0}.bar .controls,.bar .plain,.screen{display:none}.bar{position:static;background:none;border:0;padding:0;margin:12px 0}
.card{break-inside:avoid;border-color:#ccc}h2,.about{break-after:avoid}h2{margin-top:22px}.half{grid-column:span 6}.third{grid-column:span 4}.scroll{overflow:visible}.card{padding:10px 12px}figcaption{font-size:12px}h1{font-size:22px}.lead{font-size:13px}.chip,.facts,dl,.note{font-size:11px}[data-chart] svg{width:100%}table{font-size:9.5px}th,td{padding:4px 6px 4px 0}.chip[aria-pressed=false]{display:none}`;

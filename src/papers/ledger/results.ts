/** docs/RESULTS.md as text: one table a paper, from the records of full-scale runs. */
import { formatSeconds } from '../../plot/units.ts';
import type { ClaimEvent } from '../../run/schema.ts';
import type { Table } from './lab.ts';
import type { PaperRecord } from './record.ts';
import { circumstancesOf, citationOf, countOf, figureOf, thresholdOf, verdictOf } from './words.ts';

/** The whole page; records come in the order they are to stand in. */
export function resultsPage(records: readonly PaperRecord[]): string {
  return `${[head(records), overview(records), ...records.map(section)].join('\n\n')}\n`;
}

function head(records: readonly PaperRecord[]): string {
  const claims = records.flatMap((r) => r.claims);
  return `# Results

What the papers claim, measured here at full scale: ${claims.filter((c) => c.holds).length} of ${claims.length} claims of ${records.length} ${records.length === 1 ? 'paper' : 'papers'} hold. Thresholds were fixed before measuring. A claim that does not reproduce stays in its table with its number and the reason. Timings are ratios taken in one run; they are reported and decide nothing.

Written by \`npm run results\` from docs/results/; \`cotangent reproduce <paper> --scale full --save\` measures a paper again.`;
}

const overview = (records: readonly PaperRecord[]): string =>
  markdownTable(
    ['paper', 'claims', 'hold', 'time'],
    records.map((r) => [
      `[${r.paper}](#${r.paper})`,
      String(r.claims.length),
      String(r.claims.filter((c) => c.holds).length),
      formatSeconds(r.claims.reduce((sum, c) => sum + c.seconds, 0)),
    ]),
  );

function section(record: PaperRecord): string {
  const parts = [
    `## ${record.paper}`,
    `${record.title}. ${citationOf(record.citation)}.`,
    `${countOf(record)}. ${circumstancesOf(record)}. Everything measured: [${record.paper}.json](results/${record.paper}.json).`,
    claimsTable(record.claims),
    notes(record.claims),
    ...record.tables.map(extraTable),
    ...record.figures.map((f) => `![${cell(f.caption)}](results/${record.paper}/${f.name}.svg)`),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

const claimsTable = (claims: readonly ClaimEvent[]): string =>
  markdownTable(
    ['claim', 'kind', 'published', 'measured', 'threshold', 'holds'],
    claims.map((c) => [
      `\`${c.id}\` ${c.sentence}`,
      c.kind,
      figureOf(c.published, c),
      figureOf(c.measured, c),
      thresholdOf(c),
      verdictOf(c),
    ]),
  );

/** What must be known beside the numbers. */
const notes = (claims: readonly ClaimEvent[]): string =>
  claims
    .flatMap((c) => [
      ...(c.failure === undefined ? [] : [[c.id, c.failure]]),
      ...(c.why === undefined ? [] : [[c.id, c.why]]),
    ])
    .map(([id, text]) => `- \`${id}\`: ${text}`)
    .join('\n');

const extraTable = ({ caption, head, rows }: Table): string =>
  `${caption}\n\n${markdownTable(
    head,
    rows.map((row) => row.map(String)),
  )}`;

const markdownTable = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** Writes FEATURES.md: what is there, from the ops, their gradient rows and the rules themselves. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { rules } from '../src/methods/index.ts';
import type { Citation } from '../src/methods/rule.ts';
import { cases, skips, trials } from '../test/conformance/rules.ts';
import { type OpFeatures, opFeatures } from './features-ops.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const orders = ['value', 'first', 'second'] as const;

function opTables({ ops, composites }: OpFeatures): string {
  const own = ops.map(({ name, dtypes, wasm, order }) => [
    `\`${name}\``,
    dtypes,
    'yes',
    wasm,
    order === null ? '–' : orders[order]!,
  ]);
  const made = [...new Set(composites.map(({ order }) => order))].sort().reverse();
  const lists = made.map((order) => {
    const names = composites.filter((c) => c.order === order).map(({ name }) => `\`${name}\``);
    return `* ${orders[order]}: ${names.join(', ')}`;
  });
  return `${table(['op', 'dtypes', 'js', 'wasm', 'derivatives'], own)}

Functions made of these ops, with the highest derivative that the table measures:

${lists.join('\n')}`;
}

function ruleTables(): string {
  const all = rules.map((make) => make());
  const kinds = [...new Set(cases.map(({ kind }) => kind))];
  const refusalOf = (id: string, kind: string): string | null => {
    const { model } = cases.find((c) => c.kind === kind)!;
    const supported = all.find((rule) => rule.id === id)!.supports(model);
    return supported === true ? null : supported.reason;
  };
  const notes: string[] = [];
  const cell = (id: string, kind: string): string => {
    const refusal = refusalOf(id, kind);
    if (refusal === null) return 'yes';
    notes.push(`* \`${id}\`, ${kind}: ${refusal}.`);
    return 'no';
  };
  const rows = all.map((rule) => [
    `\`${rule.id}\``,
    rule.aliases.map((alias) => `\`${alias}\``).join(' '),
    rule.nature,
    ...kinds.map((kind) => cell(rule.id, kind)),
    cite(rule.paper),
  ]);
  const left = skips.map(({ rule, kind, trial, reason }) => `* \`${rule}\`, ${kind}, "${trial}": ${reason}.`);
  return `${table(['rule', 'aliases', 'credit', ...kinds, 'source'], rows)}

Refused, or left out of a trial, and why:

${[...notes, ...left].join('\n') || '* nothing.'}`;
}

const cite = ({ authors, title, year, venue, arxiv }: Citation): string =>
  [`${authors}, ${title}`, venue, `${year}`, arxiv === undefined ? undefined : `arXiv:${arxiv}`]
    .filter((part) => part !== undefined)
    .join(', ');

/** The text of FEATURES.md. */
export async function features(): Promise<string> {
  const ops = await opFeatures();
  return `# Features

Written by \`npm run features\` from the sources; nothing here is kept by hand.

## Ops

${ops.ops.length} ops. Dtypes are those with which the gradient table (docs/gradient-table.md) runs an op, operands → results where they differ. wasm: \`kernel\` runs inside the compiled program, \`view\` moves nothing, \`host\` calls back into JavaScript. Derivatives: the highest order that the table measures, forward and reverse; – where the result does not vary.

${opTables(ops)}

## Credit rules

Every supported pair of a rule and a kind of model passes these trials, save those listed below: ${trials.join('; ')} (test/conformance/methods.test.ts). Credit is the exact gradient, an unbiased estimate of it, or a biased direction.

${ruleTables()}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(new URL('../FEATURES.md', import.meta.url), await features());
  console.log('wrote FEATURES.md');
}

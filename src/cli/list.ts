/** `list`: what there is, by kind. */
import { datasets, listDatasets } from '../data/index.ts';
import * as engine from '../engine/index.ts';
import { ConfigError, type Op } from '../engine/index.ts';
import { learners, rules } from '../methods/index.ts';
import { nearest } from '../methods/registry/near.ts';
import type { Citation } from '../methods/rule.ts';
import { paperNamed, paperSlugs } from '../papers/index.ts';
import { claimsAt } from '../papers/ledger/runner.ts';
import { models } from '../run/models.ts';
import { optimizers } from '../run/optimizers.ts';
import { layerSummaries } from './layers.ts';
import type { Line } from './lines.ts';
import { writeLines } from './output.ts';
import type { Column } from './ui/index.ts';
import { defineVerb } from './verb.ts';

interface Kind {
  readonly columns: readonly Column[];
  lines(): readonly Line[] | Promise<readonly Line[]>;
  row(line: never): readonly string[];
}

type LineOf<T extends Line['type']> = Extract<Line, { type: T }>;

const kindOf = <T extends Line['type']>(
  columns: readonly Column[],
  lines: () => readonly LineOf<T>[] | Promise<readonly LineOf<T>[]>,
  row: (line: LineOf<T>) => readonly string[],
): Kind => ({ columns, lines, row });

const head = (...names: string[]): Column[] => names.map((name, i) => ({ head: name, rank: i < 2 ? 0 : i }));

const kinds: Readonly<Record<string, Kind>> = {
  rules: kindOf<'rule'>(head('rule', 'short', 'credit', 'what it does', 'paper'), ruleLines, (r) => [
    r.id,
    r.aliases.join(', '),
    r.nature,
    r.summary,
    r.paper,
  ]),
  tasks: kindOf<'task'>(head('task', 'title', 'data'), taskLines, (t) => [t.name, t.title, whereWords[t.where]]),
  papers: kindOf<'paper'>(head('paper', 'claims', 'what it is good for', 'source'), paperLines, (p) => [
    p.slug,
    String(p.claims),
    p.summary,
    p.paper,
  ]),
  models: kindOf<'model'>(
    head('model', 'what it is'),
    () => models.map((m) => ({ type: 'model', ...m })),
    (m) => [m.name, m.summary],
  ),
  optimizers: kindOf<'optimizer'>(
    head('optimizer'),
    () => optimizers.map((name) => ({ type: 'optimizer', name })),
    (o) => [o.name],
  ),
  layers: kindOf<'layer'>(
    head('layer', 'what it is'),
    () => Object.entries(layerSummaries).map(([kind, summary]) => ({ type: 'layer', kind, summary })),
    (l) => [l.kind, l.summary],
  ),
  ops: kindOf<'op'>(head('op', 'derivative', 'wasm'), opLines, (o) => [
    o.name,
    o.differentiable ? 'yes' : 'none',
    o.wasm,
  ]),
};

export const listVerb = defineVerb({
  name: 'list',
  summary: 'list rules, papers, tasks, models, optimizers, layers or ops',
  args: [{ name: '<what>', about: Object.keys(kinds).join(', ') }],
  options: {},
  examples: [
    ['cotangent list rules', 'credit rules with their short names and papers'],
    ['cotangent list tasks --json', 'data sets, one JSON line each'],
  ],
  async run({ args, io, values }) {
    const what = args[0]!;
    const kind = Object.hasOwn(kinds, what) ? kinds[what]! : undefined;
    if (kind === undefined) throw unknownKind(what);
    writeLines(await kind.lines(), kind.columns, kind.row, { io, values });
    return 0;
  },
});

function unknownKind(what: string): ConfigError {
  const known = Object.keys(kinds);
  const near = nearest(what, known);
  return new ConfigError(`there is no list of "${what}"`, {
    what,
    help: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `lists are ${known.join(', ')}`,
  });
}

function ruleLines(): LineOf<'rule'>[] {
  const all = [
    ...rules.map((make) => make()),
    ...Object.values(learners).map((l) => ({ ...l, nature: 'learner' as const })),
  ];
  return all.map(({ id, aliases, nature, summary, paper }) => ({
    type: 'rule',
    id,
    aliases: [...aliases],
    nature,
    summary,
    paper: cited(paper),
  }));
}

const cited = ({ authors, year, venue, arxiv }: Citation): string =>
  `${authors} ${year}${venue === undefined ? '' : `, ${venue}`}${arxiv === undefined ? '' : `, arXiv:${arxiv}`}`;

async function paperLines(): Promise<LineOf<'paper'>[]> {
  const papers = await Promise.all(paperSlugs.map(paperNamed));
  return papers.map((paper) => ({
    type: 'paper',
    slug: paper.slug,
    title: paper.title,
    claims: paper.claims.length,
    quick: claimsAt(paper, 'quick').length,
    methods: [...paper.methods],
    summary: paper.summary,
    paper: cited(paper.citation),
  }));
}

const whereWords = { made: 'made here', present: 'present', absent: 'cotangent data fetch' } as const;

async function taskLines(): Promise<LineOf<'task'>[]> {
  const stored = new Map((await listDatasets()).map((set) => [set.title, set]));
  return Object.entries(datasets).map(([name, { title }]) => {
    const set = stored.get(title);
    const where = set === undefined ? 'made' : set.present === set.files ? 'present' : 'absent';
    return { type: 'task', name, title, where };
  });
}

const isOp = (x: unknown): x is Op => typeof x === 'object' && x !== null && 'infer' in x && 'batch' in x;

function opLines(): LineOf<'op'>[] {
  const found = Object.values(engine).filter(isOp);
  return found
    .map(({ name, version, jvp, transpose, wasm }): LineOf<'op'> => {
      const differentiable = jvp !== undefined || transpose !== undefined;
      return { type: 'op', name, version, differentiable, wasm: wasm === undefined ? 'host' : 'kernel' };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

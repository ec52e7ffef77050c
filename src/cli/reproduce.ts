/** `reproduce`: the claims of papers, measured here. */
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigError } from '../engine/errors.ts';
import { paperNamed, paperSlugs } from '../papers/index.ts';
import type { Paper, Scale } from '../papers/ledger/claim.ts';
import { type Circumstances, readRecord } from '../papers/ledger/record.ts';
import { claimsAt } from '../papers/ledger/runner.ts';
import { useEngine } from '../run/engine-settings.ts';
import { exists, readBytes, writeAtomic } from '../run/files.ts';
import { choice, flag, names, text, whole } from './fields.ts';
import { Interrupted } from './interrupt.ts';
import { cores } from './learning.ts';
import { Ledger } from './ledger.ts';
import { machine, version } from './machine.ts';
import { runFolder } from './run-folder.ts';
import { saveRecords } from './save-records.ts';
import { type Call, commonOptions, defineVerb, engineOptions, longFlag, option, preset } from './verb.ts';

const options = {
  all: preset('--all', 'every paper', flag(), false),
  scale: preset(
    '--scale <name>',
    'quick (seconds a paper) or full (minutes a paper) (default quick)',
    choice('quick', 'full'),
    'quick',
  ),
  only: option('--only <ids>', 'only the claims with these ids', names()),
  save: preset('--save', 'record the results in docs/results and docs/RESULTS.md (full scale)', flag(), false),
  resume: option('--resume <folder>', 'go on with an interrupted run; what was measured is kept', text()),
  jobs: option('--jobs <n>', 'papers measured at the same time (default: 2, or the cores if fewer)', whole(1)),
  profile: engineOptions.profile,
  threads: engineOptions.threads,
} as const;

type ReproduceCall = Call<typeof options>;

/** What `run.json` holds: all that starts the same run again. */
interface RunFile {
  readonly format: 'cotangent-reproduce';
  readonly version: 1;
  readonly papers: readonly string[];
  readonly only: readonly string[] | null;
  readonly circumstances: Circumstances;
}

export const reproduceVerb = defineVerb({
  name: 'reproduce',
  summary: "measure papers' claims here: published, measured, threshold, holds",
  args: [{ name: '[paper...]', about: 'papers by name; `list papers` names them' }],
  options,
  examples: [
    ['cotangent reproduce backprop-basics', 'the quick claims of one paper'],
    ['cotangent reproduce --all --scale full --save', 'everything, recorded in docs/RESULTS.md'],
    ['cotangent reproduce backprop-basics --only blog-forwards,blog-backwards --json', 'two claims, for scripts'],
    ['cotangent reproduce --resume runs/reproduce-papers-1', 'go on where a run was interrupted'],
  ],
  async run(call) {
    const { values, ui, io } = call;
    const started = values.resume === undefined ? await freshRun(call) : await resumedRun(call, values.resume);
    const { folder, run, papers } = started;
    const ledger = new Ledger(papers, {
      folder: resolve(io.cwd, folder),
      only: run.only,
      circumstances: run.circumstances,
      engine: values.threads === undefined ? {} : { threads: values.threads },
      ui,
    });
    if (values.resume !== undefined)
      for (const { slug } of papers) ledger.recall(await readRecord(resolve(io.cwd, folder), slug));
    await call.interruptible((signal) => measure(ledger, call, folder, signal));
    const report = join(folder, 'report.html');
    await ledger.writeReport(resolve(io.cwd, report));
    ui.close();
    if (values.save) ui.say(`\nrecorded: ${await saveRecords(ledger.records, io.cwd)}`);
    ui.say(`\nreport: ${report}`);
    return ledger.unexpected > 0 ? 1 : 0;
  },
});

interface Started {
  readonly run: RunFile;
  readonly papers: readonly Paper[];
  /** As people type it. */
  readonly folder: string;
}

async function freshRun({ args, values, io }: ReproduceCall): Promise<Started> {
  const papers = await papersAsked(args, values.all);
  refuseHalfRecord(values);
  refuseUnknownClaims(papers, values);
  if (values.out !== undefined && (await exists(resolve(io.cwd, values.out, 'run.json'))))
    throw new ConfigError(`${values.out} already holds a run`, {
      out: values.out,
      help: `go on with it by reproduce --resume ${values.out}, or give another folder`,
    });
  const run: RunFile = {
    format: 'cotangent-reproduce',
    version: 1,
    papers: papers.map(({ slug }) => slug),
    only: values.only ?? null,
    circumstances: circumstancesOf(values),
  };
  const folder = await runFolder(values.out, `reproduce-${papers.length === 1 ? papers[0]!.slug : 'papers'}`, io);
  await writeAtomic(resolve(io.cwd, folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  return { run, papers, folder };
}

const circumstancesOf = ({ scale, seed, profile }: ReproduceCall['values']): Circumstances => ({
  scale,
  seed,
  profile: useEngine(profile === undefined ? {} : { profile }),
  machine: machine(),
  version: version(),
  load: loadavg()[0]!,
});

/** What may be said again when a run is taken up. */
const changeable = new Set<string>([...Object.keys(commonOptions), 'resume', 'jobs', 'save', 'profile', 'threads']);

async function resumedRun({ args, values, given, io }: ReproduceCall, folder: string): Promise<Started> {
  const fixed = [...given].find((key) => !changeable.has(key) || key === 'seed');
  if (args.length > 0 || fixed !== undefined)
    throw new ConfigError(
      `${fixed === undefined ? 'the list of papers' : longFlag({ ...options, ...commonOptions }[fixed as 'all'])} cannot change when a run is resumed`,
      { help: `start another run, or leave it out: ${folder} remembers what it was started with` },
    );
  const run = await readRun(resolve(io.cwd, folder), folder);
  const { profile, scale } = run.circumstances;
  refuseHalfRecord({ save: values.save, scale, only: run.only ?? undefined });
  const now = useEngine(values.profile === undefined ? {} : { profile: values.profile });
  if (now !== profile)
    throw new ConfigError(`${folder} was measured under the profile ${profile}, this machine uses ${now}`, {
      help: `give --profile ${profile}, or start another run`,
    });
  return { run, folder, papers: await Promise.all(run.papers.map(paperNamed)) };
}

async function readRun(path: string, folder: string): Promise<RunFile> {
  const refuse = (why: string) =>
    new ConfigError(`${folder} holds no run of reproduce: ${why}`, {
      folder,
      help: 'give the folder that reproduce named when it was interrupted',
    });
  const bytes = await readBytes(join(path, 'run.json')).catch((cause: NodeJS.ErrnoException) => {
    throw refuse(`run.json cannot be read (${cause.code ?? cause.message})`);
  });
  const run = JSON.parse(new TextDecoder().decode(bytes)) as RunFile;
  if (run.format !== 'cotangent-reproduce' || run.version !== 1) throw refuse('run.json is not of this kind');
  return run;
}

async function papersAsked(slugs: readonly string[], all: boolean): Promise<Paper[]> {
  if (all === slugs.length > 0)
    throw new ConfigError(all ? '--all and names of papers exclude one another' : 'no paper was named', {
      help: `name papers, or give --all; papers are ${paperSlugs.join(', ')}`,
    });
  return Promise.all((all ? paperSlugs : [...new Set(slugs)]).map(paperNamed));
}

interface Extent {
  readonly save: boolean;
  readonly scale: Scale;
  readonly only?: readonly string[] | undefined;
}

function refuseHalfRecord({ save, scale, only }: Extent): void {
  if (!save || (scale === 'full' && only === undefined)) return;
  throw new ConfigError(`--save records whole papers at full scale${only === undefined ? '' : ', not some claims'}`, {
    help: 'give --scale full --save, without --only',
  });
}

function refuseUnknownClaims(papers: readonly Paper[], { only = [], scale }: ReproduceCall['values']): void {
  const known = papers.flatMap((paper) => claimsAt(paper, scale).map((c) => c.id));
  const unknown = only.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new ConfigError(`there is no claim "${unknown}" at ${scale} scale`, {
      id: unknown,
      help: `claims are ${known.join(', ')}`,
    });
}

/** Measures what is not yet measured; an interrupted run says how to go on. */
async function measure(ledger: Ledger, call: ReproduceCall, folder: string, signal: AbortSignal): Promise<void> {
  const { jobs = Math.min(2, cores()) } = call.values;
  const tick = setInterval(() => ledger.draw(), 250);
  tick.unref();
  try {
    await ledger.measure(jobs, signal);
  } catch (error) {
    const resume = `go on with cotangent reproduce --resume ${folder}`;
    if (error instanceof Interrupted) throw new Interrupted(resume);
    call.ui.say(`what was measured is kept: ${resume}`);
    throw error;
  } finally {
    clearInterval(tick);
  }
}

/** `data`: fetch, list and verify the files of stored data sets. */
import { basename } from 'node:path';
import { type DownloadProgress, fetchDataset, listDatasets, type VerifiedFile, verifyDatasets } from '../data/index.ts';
import { ConfigError } from '../engine/errors.ts';
import { meter } from '../plot/terminal.ts';
import { formatBytes } from '../plot/units.ts';
import { text } from './fields.ts';
import { writeLine, writeLines, writeTable } from './output.ts';
import { type Live, liveBlock } from './ui/index.ts';
import { type Call, defineVerb, option } from './verb.ts';

const options = {
  from: option('--from <url>', 'mirror laid out as the data folder is, instead of the official places', text()),
} as const;

type DataCall = Call<typeof options>;

const actions: Readonly<Record<string, (call: DataCall, names: readonly string[]) => Promise<number>>> = {
  fetch,
  list,
  verify,
};

export const dataVerb = defineVerb({
  name: 'data',
  summary: 'fetch, list or verify data sets',
  args: [
    { name: '<action>', about: 'fetch, list or verify' },
    { name: '[names...]', about: 'data sets' },
  ],
  options,
  examples: [
    ['cotangent data list', 'stored sets, and how much of each is here'],
    ['cotangent data fetch mnist', 'download with checksum; goes on where it stopped'],
    ['cotangent data fetch mnist --from https://mirror.example/data', 'from a mirror'],
    ['cotangent data verify', 'check sizes and SHA-256 of everything that is here'],
  ],
  async run(call) {
    const [action, ...names] = call.args;
    const act = Object.hasOwn(actions, action!) ? actions[action!]! : undefined;
    if (act === undefined)
      throw new ConfigError(`data cannot "${action}"`, {
        action,
        help: `actions are ${Object.keys(actions).join(', ')}`,
      });
    return act(call, names);
  },
});

const folderOf = ({ values }: DataCall) => (values.out === undefined ? {} : { folder: values.out });

async function list(call: DataCall): Promise<number> {
  const sets = await listDatasets(folderOf(call));
  const lines = sets.map(({ isFetchable, ...set }) => ({ type: 'dataset' as const, ...set, fetchable: isFetchable }));
  const columns = [
    { head: 'set' },
    { head: 'title', rank: 1 },
    { head: 'size', align: 'right' as const },
    { head: 'here' },
    { head: 'licence', rank: 2 },
  ];
  writeLines(
    lines,
    columns,
    (s: (typeof lines)[number]) => [
      s.name,
      s.title,
      formatBytes(s.bytes),
      s.present === s.files ? 'yes' : s.present === 0 ? 'no' : `${s.present} of ${s.files}`,
      s.licence,
    ],
    call,
  );
  return 0;
}

async function fetch(call: DataCall, names: readonly string[]): Promise<number> {
  if (names.length === 0)
    throw new ConfigError('data fetch needs the name of a data set', {
      help: 'cotangent data list names them; for example cotangent data fetch mnist',
    });
  const { values, ui } = call;
  await call.interruptible(async (signal) => {
    for (const set of names) {
      const progress = showProgress(call);
      try {
        const options = {
          ...folderOf(call),
          ...(values.from === undefined ? {} : { baseUrl: values.from }),
          onProgress: progress.update,
          signal,
        };
        for (const { path, status } of await fetchDataset(set, options)) {
          writeLine({ type: 'file', set, path, status }, call);
          ui.say(`${path}: ${status === 'present' ? 'already here' : 'fetched'}`);
        }
      } finally {
        progress.stop();
      }
    }
  });
  return 0;
}

/** A bar on a terminal; a line for each file elsewhere. */
function showProgress({ io, ui }: DataCall): { update(progress: DownloadProgress): void; stop(): void } {
  let live: Live | null = null;
  let told = '';
  if (io.stderr.isTTY === true && io.env.TERM !== 'dumb')
    live = liveBlock({ terminal: io.stderr, process, now: () => performance.now(), later });
  return {
    update({ file, receivedBytes, totalBytes }) {
      if (live === null && told !== file) ui.say(`fetching ${file}, ${formatBytes(totalBytes)}`);
      told = file;
      live?.update(() => {
        const bar = meter(receivedBytes / totalBytes, 24);
        return [
          `${bar.done}${bar.left} ${basename(file)}  ${formatBytes(receivedBytes)} of ${formatBytes(totalBytes)}`,
        ];
      });
    },
    stop: () => live?.stop(),
  };
}

function later(run: () => void, ms: number): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

const verdicts: Readonly<Record<VerifiedFile['status'], string>> = {
  ok: 'right',
  missing: 'missing',
  size: 'wrong size',
  checksum: 'wrong checksum',
};

async function verify(call: DataCall, names: readonly string[]): Promise<number> {
  const found = await verifyDatasets({
    ...folderOf(call),
    ...(names.length === 0 ? {} : { names }),
    onFile: ({ set, path, status }) => writeLine({ type: 'file', set, path, status }, call),
  });
  const columns = [{ head: 'file' }, { head: 'state' }, { head: 'expected', rank: 2 }, { head: 'found', rank: 1 }];
  const wrong = found.filter((file) => file.status !== 'ok');
  if (!call.values.json)
    writeTable(
      columns,
      found.map((f) => [
        f.path,
        verdicts[f.status],
        ...(f.status === 'ok' ? ['', ''] : [String(f.expected), String(f.found)]),
      ]),
      call,
    );
  if (wrong.length > 0)
    call.ui.say(`${wrong.length} of ${found.length} files are wrong: cotangent data fetch <name> gets them again`);
  return wrong.length === 0 ? 0 : 1;
}

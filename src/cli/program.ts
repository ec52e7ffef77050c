/** The command line as a whole: verbs to commander's commands, their values read and checked, failures reported. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../engine/errors.ts';
import { atlasVerb } from './atlas.ts';
import { benchVerb } from './bench.ts';
import { checkVerb } from './check.ts';
import { compareVerb } from './compare.ts';
import { mergedValues } from './config.ts';
import { dataVerb } from './data.ts';
import { reportFailure } from './failure.ts';
import { fitVerb } from './fit.ts';
import { graphVerb } from './graph.ts';
import { interruptible } from './interrupt.ts';
import { listVerb } from './list.ts';
import { version } from './machine.ts';
import { reportVerb } from './report.ts';
import { reproduceVerb } from './reproduce.ts';
import { trainVerb } from './train.ts';
import { openUi } from './ui/index.ts';
import { type Call, commonOptions, type Io, type Options, type Verb } from './verb.ts';

export const verbs: readonly Verb[] = [
  compareVerb,
  trainVerb,
  reproduceVerb,
  atlasVerb,
  listVerb,
  checkVerb,
  graphVerb,
  fitVerb,
  dataVerb,
  benchVerb,
  reportVerb,
];

/** Runs a command line; returns the exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const json = argv.includes('--json');
  let code = 0;
  const program = programOf(io, async (verb, args, given) => {
    code = await runVerb(verb, args, given, io);
  });
  try {
    if (argv.length === 0) io.stdout.write(program.helpInformation());
    else await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help and --version
    return reportFailure(error instanceof CommanderError ? usageError(error) : error, io, json);
  }
}

type Start = (verb: Verb, args: readonly string[], given: Readonly<Record<string, unknown>>) => Promise<void>;

function programOf(io: Io, start: Start): Command {
  const program = quiet(new Command('cotangent'), io)
    .description('Differentiable programming and every way of assigning credit, measured.')
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [verb]', 'print the help of a verb')
    .addHelpText('after', '\ncotangent <verb> --help tells more, with examples.');
  for (const verb of verbs) program.addCommand(commandOf(verb, io, start));
  return program;
}

/** Help goes to stdout; errors are thrown and reported in one place. */
const quiet = (command: Command, { stdout }: Io): Command =>
  command.exitOverride().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: () => {},
    getOutHelpWidth: () => stdout.columns || 100,
  });

function commandOf(verb: Verb, io: Io, start: Start): Command {
  const command = quiet(new Command(verb.name), io).description(verb.summary).helpOption('-h, --help', 'print help');
  for (const { name, about } of verb.args ?? []) command.argument(name, about);
  for (const option of Object.values<Options[string]>({ ...verb.options, ...commonOptions })) {
    if (option.isMany === true)
      command.option(option.flags, option.about, (value: string, all: string[] = []) => [...all, value]);
    else command.option(option.flags, option.about);
  }
  command.addHelpText(
    'after',
    `\nExamples:\n${verb.examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')}`,
  );
  return command.action(async () => start(verb, command.args, command.opts()));
}

async function runVerb(
  verb: Verb,
  args: readonly string[],
  raw: Readonly<Record<string, unknown>>,
  io: Io,
): Promise<number> {
  const { values, given } = await mergedValues({ ...verb.options, ...commonOptions }, raw, io.cwd);
  const ui = openUi({
    stdout: io.stdout,
    stderr: io.stderr,
    env: io.env,
    json: values.json as boolean,
    process,
    now: () => performance.now(),
  });
  try {
    return await verb.run({ values, args, given, ui, io, interruptible } as Call<Options>);
  } finally {
    ui.close();
  }
}

/** Commander's words for a wrong command line, with its guess at what was meant as the help. */
function usageError({ message }: CommanderError): ConfigError {
  const [, what, guess] = /^(?:error: )?([\s\S]*?)(?:\s*\((Did you mean .*?)\))?$/.exec(message)!;
  const help =
    guess === undefined
      ? 'cotangent --help lists verbs, cotangent <verb> --help their options'
      : guess[0]!.toLowerCase() + guess.slice(1);
  return new ConfigError(what!.trim(), { help });
}

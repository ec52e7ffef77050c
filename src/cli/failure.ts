/** How a verb ends when it fails: a line for people, a JSON line for programs, and the exit code. */
import { failureOf } from '../run/failure.ts';
import type { ErrorEvent } from '../run/schema.ts';
import { Interrupted } from './interrupt.ts';
import { style, wantsColor } from './ui/index.ts';
import type { Io } from './verb.ts';

/** Codes that do not blame the user. */
const ours = new Set(['DivergedError', 'MemoryError', 'DonatedError', 'DisposedError']);

/** Reports an error; returns the exit code: 2 for a user's mistake, 130 when interrupted, 1 otherwise. */
export function reportFailure(error: unknown, { stdout, stderr, env }: Io, json: boolean): number {
  if (error instanceof Interrupted) return reportInterrupt(error, { stdout, stderr }, json);
  const { code, message, details } = failureOf(error);
  const { red, dim } = style(wantsColor(stderr, env));
  if (json)
    stdout.write(`${JSON.stringify({ type: 'error', code, message, details: plain(details) } satisfies ErrorEvent)}\n`);
  stderr.write(`${red('error:')} ${message}\n`);
  const { help, at, stack } = details;
  if (help !== undefined) stderr.write(`  ${dim('help:')} ${help}\n`);
  if (at !== undefined) stderr.write(`  ${dim('at')} ${at}\n`);
  if (stack !== undefined) stderr.write(`${dim(String(stack))}\n`);
  return stack === undefined && !ours.has(code) ? 2 : 1;
}

function reportInterrupt(
  { resume }: Interrupted,
  { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>,
  json: boolean,
): number {
  const details = resume === null ? {} : { details: { help: resume } };
  if (json)
    stdout.write(
      `${JSON.stringify({ type: 'error', code: 'Interrupted', message: 'interrupted', ...details } satisfies ErrorEvent)}\n`,
    );
  stderr.write(`interrupted${resume === null ? '' : `: ${resume}`}\n`);
  return 130;
}

/** Details as JSON shows them; what JSON cannot show is left out. */
function plain(details: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}

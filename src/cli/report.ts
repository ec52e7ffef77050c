/** `report`: the page of a comparison from its events. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError } from '../engine/errors.ts';
import { writeReport } from '../run/report.ts';
import { parseLines } from '../run/schema.ts';
import { writeLine } from './output.ts';
import { defineVerb } from './verb.ts';

export const reportVerb = defineVerb({
  name: 'report',
  summary: 'write the HTML report of recorded events',
  args: [{ name: '<events>', about: 'file of JSON lines that compare or train wrote' }],
  options: {},
  examples: [
    ['cotangent report runs/compare-digits-1/events.jsonl', 'writes report.html beside it'],
    ['cotangent report events.jsonl --out report.html', 'writes it elsewhere'],
  ],
  async run({ args, values, io, ui }) {
    const file = args[0]!;
    const content = await readFile(resolve(io.cwd, file), 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new DataError(`${file} cannot be read: ${cause.code ?? cause.message}`, {
        file,
        help: 'give the events.jsonl of a run',
      });
    });
    const path = values.out ?? join(dirname(file), 'report.html');
    await writeReport(resolve(io.cwd, path), parseLines(content));
    writeLine({ type: 'report', path }, { io, values });
    ui.say(`report: ${path}`);
    return 0;
  },
});

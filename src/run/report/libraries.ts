/** Finds the chart library among the installed packages and reads its browser build, to be inlined in a report. */
import { UnsupportedError } from '../../engine/errors.ts';

/** The source text of d3 and Observable Plot (in this order), as they are installed beside this package. */
export async function chartLibraries(): Promise<string[]> {
  const [{ createRequire }, { readFile }, { dirname, join }] = await Promise.all([
    import('node:module'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  try {
    const plot = createRequire(import.meta.url).resolve('@observablehq/plot'); // …/plot/src/index.js
    const d3 = createRequire(plot).resolve('d3'); // the d3 of Plot itself, wherever it was installed
    const files = [join(dirname(d3), 'd3.min.js'), join(dirname(plot), '..', 'dist', 'plot.umd.min.js')];
    return await Promise.all(files.map((file) => readFile(file, 'utf8')));
  } catch (cause) {
    throw new UnsupportedError(`a report needs the chart library: ${(cause as Error).message.split('\n')[0]}`, {
      help: 'install it with: npm install @observablehq/plot',
      cause,
    });
  }
}

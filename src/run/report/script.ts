/** The script of a report as text, put together from the source text of the functions that make it. */
import * as units from '../../plot/units.ts';
import { controlFunctions, controls } from './page/controls.ts';
import { curveCharts, curveFunctions } from './page/curves.ts';
import { finalCharts, finalFunctions } from './page/finals.ts';
import { startFunctions } from './page/start.ts';

type Named = { readonly name: string };

/** The page's own script; functions are called by the names they have at run time, which a bundler may have changed. */
export function pageScript(): string {
  const files = [units.unitFunctions, startFunctions, controlFunctions, curveFunctions, finalFunctions];
  // Each file in a scope of its own: two files may have a helper of the same name.
  const [format, start, wired, curves, finals] = files.map((functions, i) => scope(functions, results[i]!()));
  return `"use strict";\n${start}(Plot,${format},{...${curves},...${finals}},${wired});`;
}

const results = [
  () => record(units.unitsByName),
  () => startFunctions[0].name,
  () => `[${controls.map((f) => f.name).join(',')}]`,
  () => record(curveCharts),
  () => record(finalCharts),
];

const scope = (functions: readonly Named[], result: string): string =>
  `(()=>{\n${functions.map(String).join('\n')}\nreturn ${result}})()`;

const record = (functions: Readonly<Record<string, Named>>): string =>
  `({${Object.entries(functions)
    .map(([key, f]) => `${key}:${f.name}`)
    .join(',')}})`;

/** The generated code of a fixed set of graphs: it changes on purpose or not at all. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedModules, modulesFile } from '../../scripts/modules.ts';
import { setBackend } from '../../src/engine/index.ts';

it('is what test/fixtures/modules.json says; npm run modules writes it anew after a change that was meant', () => {
  setBackend('wasm');
  expect(generatedModules()).toEqual(JSON.parse(readFileSync(modulesFile, 'utf8')));
});

it('of a network step stays small: 16 kB for the plan of an MLP step', () => {
  expect(generatedModules().mlp!.strict.planBytes).toBeLessThanOrEqual(16_000);
});

/** Writes test/fixtures/modules.json: a fingerprint of the code that is generated for a fixed set of graphs, in both profiles. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fuse } from '../src/engine/backends/wasm/fuse.ts';
import { assembleKernels, KernelLibrary, type KernelSpec } from '../src/engine/backends/wasm/library.ts';
import { assemblePlan } from '../src/engine/backends/wasm/module.ts';
import { planMemory } from '../src/engine/backends/wasm/plan.ts';
import { closeGraph, optimize } from '../src/engine/index.ts';
import { type TracedStep, trainingSteps } from '../test/engine/training-steps.ts';
import { repository } from './entries.ts';

export const modulesFile = join(repository, 'test/fixtures/modules.json');

/** Calls, bytes of the plan module and of the kernels it calls, and a hash of both. */
export interface Fingerprint {
  readonly calls: number;
  readonly planBytes: number;
  readonly kernels: number;
  readonly kernelBytes: number;
  readonly sha256: string;
}

function fingerprint({ graph, donated }: TracedStep, profile: 'strict' | 'fma'): Fingerprint {
  const plan = planMemory(fuse(closeGraph(optimize(graph))), profile, donated);
  const library = new KernelLibrary(new WebAssembly.Memory({ initial: 1 }), profile);
  const module = assemblePlan(plan, library);
  const specs = new Map<string, KernelSpec>();
  const add = (spec: KernelSpec): void => {
    if (spec.host !== undefined || specs.has(spec.key)) return;
    spec.uses?.forEach(add);
    specs.set(spec.key, spec);
  };
  for (const { spec } of plan.calls) add(spec);
  const kernels = [...specs.values()].map((spec) => assembleKernels([spec], profile, library.limits));
  const hash = createHash('sha256').update(module);
  for (const bytes of kernels) hash.update(bytes);
  return {
    calls: plan.calls.length,
    planBytes: module.length,
    kernels: kernels.length,
    kernelBytes: kernels.reduce((sum, bytes) => sum + bytes.length, 0),
    sha256: hash.digest('hex').slice(0, 16),
  };
}

/** Fingerprints by graph and profile. */
export const generatedModules = (): Record<string, Record<'strict' | 'fma', Fingerprint>> =>
  Object.fromEntries(
    trainingSteps().map((step) => [step.name, { strict: fingerprint(step, 'strict'), fma: fingerprint(step, 'fma') }]),
  );

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(modulesFile, `${JSON.stringify(generatedModules(), null, 2)}\n`);
  process.stdout.write('wrote test/fixtures/modules.json\n');
}

/** The ledger: every paper by its slug, loaded when it is asked for. */
import { ConfigError } from '../engine/index.ts';
import { nearest } from '../methods/registry/near.ts';
import type { Paper } from './ledger/claim.ts';

export { type Claim, type ClaimKind, definePaper, type Paper, type Scale, type Threshold } from './ledger/claim.ts';
export { type Figure, Lab, type LabOptions, type Table } from './ledger/lab.ts';
export { claimsAt, isUnexpected, type PaperResult, type ReproduceOptions, reproduce } from './ledger/runner.ts';

type Load = () => Promise<{ readonly paper: Paper }>;

/** Loaders in the order of the alphabet. */
const loaders: Readonly<Record<string, Load>> = {
  'backprop-basics': () => import('./backprop-basics.ts'),
  burstccn: () => import('./burstccn.ts'),
  'dfa-scaling-laws': () => import('./dfa-scaling-laws.ts'),
  'ebm-infinitesimal-limit': () => import('./ebm-infinitesimal-limit.ts'),
  'forward-gradients': () => import('./forward-gradients.ts'),
  'hamiltonian-sampled': () => import('./hamiltonian-sampled.ts'),
  'hebbian-norm': () => import('./hebbian-norm.ts'),
  mgd: () => import('./mgd.ts'),
  'multi-tangent': () => import('./multi-tangent.ts'),
  'neuron-particles': () => import('./neuron-particles.ts'),
  symba: () => import('./symba.ts'),
  tdca: () => import('./tdca.ts'),
  vsml: () => import('./vsml.ts'),
  'z-il-predictive-coding': () => import('./z-il-predictive-coding.ts'),
};

/** The slugs of all papers. */
export const paperSlugs: readonly string[] = Object.keys(loaders);

/** Loads a paper's claims by its slug. */
export async function paperNamed(slug: string): Promise<Paper> {
  const load = Object.hasOwn(loaders, slug) ? loaders[slug] : undefined;
  if (load === undefined) throw unknownPaper(slug);
  return (await load()).paper;
}

function unknownPaper(slug: string): ConfigError {
  const near = nearest(slug, paperSlugs);
  const help = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `papers are ${paperSlugs.join(', ')}`;
  return new ConfigError(`there is no paper "${slug}"`, { slug, help });
}

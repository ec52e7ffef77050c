/** What a swarm and a search by swarms can be told, with the defaults and the refusals. */
import { ConfigError, type Tensor } from '../../engine/index.ts';
import type { ActivationName } from '../../nn/index.ts';

/** Hidden units may have any activation, also one without a useful derivative. */
export type UnitActivation = ActivationName | 'sign' | 'step' | ((z: Tensor) => Tensor);

/** What pulls a particle, and how far it may go. */
export interface SwarmOptions {
  /** Particles of a swarm, K. */
  readonly particles?: number;
  readonly inertia?: number;
  /** Pull to the particle's own best. */
  readonly cognitive?: number;
  /** Pull to the swarm's best. */
  readonly social?: number;
  /** Largest change of a weight in one step. */
  readonly vmax?: number;
  /** Particles start within ± this of the network's weights. */
  readonly spread?: number;
  /** Weights stay within these. */
  readonly bounds?: readonly [low: number, high: number];
}

export interface NetworkOptions {
  /** Of the hidden units; those of the model unless said. */
  readonly activation?: UnitActivation;
  /** What a network is judged by: the task's loss, or the share of wrong answers. */
  readonly fitness?: 'loss' | 'error';
}

export interface ParticleOptions extends SwarmOptions, NetworkOptions {
  /** In which order neurons search: one after another, or all against the same network. */
  readonly order?: 'random' | 'forward' | 'backward' | 'parallel' | 'parallel-guarded';
  /** Whether personal bests are judged anew when a neuron's turn comes, or keep the value they were found with. */
  readonly memory?: 'reevaluate' | 'keep';
  /** Whether a neuron changes only where its network gets better. */
  readonly guard?: boolean;
  /** Steps of a swarm before the next neuron's turn. */
  readonly innerSteps?: number;
  /** A swarm narrower than this is scattered anew about the neuron's weights; 0 for never. */
  readonly restart?: number;
  /** Which connections exist: for each layer a table [inputs][units] of 0 and 1. */
  readonly mask?: readonly (readonly (readonly number[])[])[];
}

export interface PlainOptions extends SwarmOptions, NetworkOptions {
  /** Particles start around one network, each at a network of its own (whose biases are 0, and so stay 0), or anywhere within ± spread. */
  readonly start?: 'around' | 'own' | 'uniform';
  readonly memory?: 'reevaluate' | 'keep';
}

export type SwarmConstants = Required<Omit<SwarmOptions, 'bounds'>> & Pick<SwarmOptions, 'bounds'>;

/** Constants of a swarm: inertia and pulls are those of the constriction form with χ = 0.7298. */
export function swarmConstants(options: SwarmOptions): SwarmConstants {
  const { particles = 10, inertia = 0.729, cognitive = 1.494, social = 1.494, vmax = 1, spread = 1, bounds } = options;
  checkWhole('particles', particles);
  for (const [name, value] of Object.entries({ inertia, cognitive, social, spread })) checkNumber(name, value, 0);
  checkNumber('vmax', vmax, Number.MIN_VALUE);
  if (bounds !== undefined && !(bounds[0] < bounds[1]))
    throw new ConfigError(`bounds [${bounds}] hold no weight`, { bounds, help: 'give [low, high] with low < high' });
  return { particles, inertia, cognitive, social, vmax, spread, ...(bounds === undefined ? {} : { bounds }) };
}

export type SearchOptions = Required<Pick<ParticleOptions, 'order' | 'memory' | 'guard' | 'innerSteps' | 'restart'>>;

const ORDERS = ['random', 'forward', 'backward', 'parallel', 'parallel-guarded'];
export const MEMORIES = ['reevaluate', 'keep'];

export function searchOptions({
  order = 'random',
  memory = 'reevaluate',
  guard = true,
  innerSteps = 1,
  restart = 0,
}: ParticleOptions): SearchOptions {
  checkOneOf('order', order, ORDERS);
  checkOneOf('memory', memory, MEMORIES);
  checkWhole('innerSteps', innerSteps);
  checkNumber('restart', restart, 0);
  return { order, memory, guard, innerSteps, restart };
}

export function checkOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string))
    throw new ConfigError(`${name} is ${JSON.stringify(value)}`, { [name]: value, help: `use ${known.join(', ')}` });
}

function checkWhole(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1)
    throw new ConfigError(`${name} must be a whole number from 1 on, got ${value}`, { [name]: value });
}

function checkNumber(name: string, value: number, least: number): void {
  if (!(value >= least && value < Number.POSITIVE_INFINITY))
    throw new ConfigError(`${name} must be a number ${least === 0 ? 'from 0 on' : 'above 0'}, got ${value}`, {
      [name]: value,
    });
}

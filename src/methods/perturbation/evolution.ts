/**
 * Evolution strategies: a search distribution that moves by the ranks of an antithetic population.
 *
 * Source    T. Salimans, J. Ho, X. Chen, S. Sidor, I. Sutskever, Evolution Strategies as a Scalable Alternative to Reinforcement Learning, 2017, arXiv:1703.03864: mirrored sampling, centred ranks, Adam.
 * Estimate  g = Σ r_p ε_p / (P·σ), r from −½ for the worst to ½ for the best; it is an ascent direction of the rank, not of the fitness itself.
 */
import {
  add,
  argsort,
  ConfigError,
  cast,
  concat,
  type FloatDtype,
  isFinite as isNumber,
  jit,
  mul,
  neg,
  random,
  scalar,
  sliceAxis,
  sub,
  sum,
  type Tensor,
  type Tree,
  where,
} from '../../engine/index.ts';
import { adam, type Schedule } from '../../optim/index.ts';

export type Fitness = (members: Tensor, key: Tensor) => Tensor;

export interface EvolutionOptions {
  /** The middle of the first population, (n). */
  readonly start: Tensor;
  /** Fitness of every member, (P), measured with the key of the generation; several take turns, one a generation. */
  readonly fitness: readonly Fitness[];
  readonly generations: number;
  /** P, an even number. */
  readonly population?: number;
  readonly sigma?: number;
  /** Of Adam, from generation 0. */
  readonly rate: Schedule;
  readonly key: Tensor;
  readonly onGeneration?: (generation: number, meanFitness: number) => void | Promise<void>;
}

/** The middle of the last population; nothing is selected. Every member sees the same random numbers. */
export async function evolve(options: EvolutionOptions): Promise<Tensor> {
  const { start, fitness, generations, population = 48, sigma = 0.1, rate, key, onGeneration } = options;
  checkSizes(population, sigma);
  const optimizer = adam({ learningRate: rate, beta1: 0.9, beta2: 0.99, eps: 1e-8 });
  const steps = fitness.map((measure) =>
    jit(({ psi, state }: Search, generation: Tensor): Search & { readonly mean: Tensor } => {
      const [forNoise, forFitness] = random.split(random.foldIn(key, generation), 2) as [Tensor, Tensor];
      const eps = random.normal(forNoise, [population / 2, psi.shape[0]!], { dtype: psi.dtype as FloatDtype });
      const found = measure(add(psi, mul(sigma, concat([eps, neg(eps)]))), forFitness);
      const [move, next] = optimizer.update(neg(ascentOf(found, eps, sigma)), state, { params: psi });
      return { psi: add(psi, move as Tensor), state: next, mean: found.mean() };
    }),
  );
  let now: Search = { psi: start, state: optimizer.init(start) };
  for (let g = 0; g < generations; g++) {
    const { mean, ...next } = steps[g % steps.length]!(now, scalar(g, 'u32'));
    now = next;
    await onGeneration?.(g, mean.item());
  }
  return now.psi;
}

interface Search {
  readonly psi: Tensor;
  readonly state: Tree;
}

/** g from the fitness of ψ + σε and then of ψ − σε. */
export function ascentOf(found: Tensor, eps: Tensor, sigma: number): Tensor {
  const ranked = centredRanks(found);
  const half = eps.shape[0]!;
  const [up, down] = [sliceAxis(ranked, 0, 0, half), sliceAxis(ranked, 0, half)];
  return mul(sum(mul(sub(up, down).expandDims(1), eps), 0), 1 / (2 * half * sigma)); // (n)
}

/** Ranks spread from −½ (the least) to ½; what is not finite ranks last, ties keep their order. */
export function centredRanks(values: Tensor): Tensor {
  const safe = where(isNumber(values), values, Number.NEGATIVE_INFINITY);
  const ranks = cast(argsort(argsort(safe)), values.dtype);
  return sub(mul(ranks, 1 / Math.max(1, values.shape[0]! - 1)), 0.5);
}

function checkSizes(population: number, sigma: number): void {
  if (Number.isInteger(population) && population >= 2 && population % 2 === 0 && sigma > 0) return;
  throw new ConfigError(`a population of ${population} with σ = ${sigma} is no antithetic one`, {
    population,
    sigma,
    help: 'use an even number of 2 or more members and σ above 0',
  });
}

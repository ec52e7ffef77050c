/** A sampled energy as plain data, to be stored and read again. */
import { ConfigError, fromArray } from '../../engine/index.ts';
import { type Energy, layerFeatures } from './energy.ts';
import type { SampledHamiltonian } from './sampled.ts';

/** H(x) = tanh(x·W + b)·w + c, x = (q, p). */
export interface HamiltonianDocument {
  readonly format: 'cotangent-hamiltonian';
  readonly version: 1;
  /** n; states have 2n coordinates, positions first. */
  readonly freedoms: number;
  /** W (2n, M), row by row. */
  readonly hidden: readonly (readonly number[])[];
  readonly bias: readonly number[];
  readonly out: readonly number[];
  readonly constant: number;
}

/** The document of an energy; numbers keep all their digits in JSON. */
export const hamiltonianToDocument = ({ layer, weights, bias }: SampledHamiltonian): HamiltonianDocument => ({
  format: 'cotangent-hamiltonian',
  version: 1,
  freedoms: layer.weights.shape[0]! / 2,
  hidden: layer.weights.toArray() as number[][],
  bias: [...layer.bias.readSync()],
  out: [...weights.readSync()],
  constant: bias,
});

/** The energy of a document; refuses what is not one. */
export function hamiltonianFromDocument(document: HamiltonianDocument): Energy {
  const { format, version, freedoms, hidden, bias, out, constant } = document;
  const units = bias?.length;
  const fits = hidden?.length === 2 * freedoms && hidden.every((row) => row.length === units) && out?.length === units;
  if (format !== 'cotangent-hamiltonian' || version !== 1 || !fits)
    throw new ConfigError('this is no Hamiltonian that was saved here', {
      format,
      version,
      help: 'give the model.json that fit hamiltonian wrote',
    });
  const vector = (values: readonly number[]) => fromArray(Float64Array.from(values), [values.length], 'f64');
  const weights = fromArray(Float64Array.from(hidden.flat()), [2 * freedoms, units], 'f64');
  return {
    features: layerFeatures({ activation: 'tanh', weights, bias: vector(bias) }),
    weights: vector(out),
    bias: constant,
  };
}

/** Check 1: what must be exact: the units at their points, their derivatives, the anchor, the conserved energy, the normal equations, polynomials. */
import { broadcastTo, fromArray, jvp, matmul, sub, type Tensor } from '../../engine/index.ts';
import { energyAt, type Features, gradientAt, velocityAt } from '../../methods/hamiltonian/energy.ts';
import { fitEnergy, wholeSystem } from '../../methods/hamiltonian/system.ts';
import { activate } from '../../methods/sampling/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { caseOf, claim, errorOf, fitted, sampleOf } from './measure.ts';
import { henonHeiles } from './systems.ts';

const HENON = caseOf(henonHeiles(), 300, 100);

const largest = (x: Tensor): number => Math.max(...Array.from(x.readSync(), Math.abs));

/** Distance of every unit from −½ and +½ at its pair. */
async function unitsAtPairs(lab: Lab): Promise<number> {
  const { model } = await fitted(lab, HENON, 'u-swim', 0);
  const { data } = await sampleOf(lab, HENON, 0);
  const values = activate(model.layer, data.x).readSync();
  const at = (point: number, unit: number): number => values[point * HENON.units + unit]!;
  return Math.max(
    ...model.layer.pairs!.flatMap(({ from, to }, m) => [Math.abs(at(from, m) + 0.5), Math.abs(at(to, m) - 0.5)]),
  );
}

/** The closed form of Φ′ against forward mode. */
async function slopesAgainstJvp(lab: Lab): Promise<number> {
  const { model } = await fitted(lab, HENON, 'u-swim', 0);
  const { data } = await sampleOf(lab, HENON, 0);
  const slopes = model.features.slopes(data.x);
  const errors = slopes.map((slope, d) => {
    const unit = fromArray(
      Float64Array.from(slopes, (_, i) => Number(i === d)),
      [1, slopes.length],
      'f64',
    );
    const [, exact] = jvp((x: Tensor) => activate(model.layer, x), data.x, broadcastTo(unit, data.x.shape));
    return largest(sub(slope, exact));
  });
  return Math.max(...errors);
}

async function anchorError(lab: Lab): Promise<number> {
  const { model } = await fitted(lab, HENON, 'u-swim', 0);
  const { data } = await sampleOf(lab, HENON, 0);
  return Math.abs(energyAt(model, data.anchor).readSync()[0]! - data.anchorEnergy) / largest(model.weights);
}

/** |dĤ/dt| along the learned field, by forward mode through Ĥ, over |∇Ĥ|²; at worst over the test points. */
async function energyAlongField(lab: Lab): Promise<number> {
  const { model } = await fitted(lab, HENON, 'u-swim', 0);
  const { test } = await sampleOf(lab, HENON, 0);
  const [, change] = jvp((x: Tensor) => energyAt(model, x), test, velocityAt(model, test));
  const g = gradientAt(model, test);
  const size = g.mul(g).sum(1).readSync();
  return Math.max(...Array.from(change.readSync(), (v, i) => Math.abs(v) / size[i]!));
}

/** |Aᵀ·(A·c − y)| over |A|·|y|. */
async function residualAngle(lab: Lab, sampling: 'elm' | 'u-swim'): Promise<number> {
  const { model } = await fitted(lab, HENON, sampling, 0);
  const { data } = await sampleOf(lab, HENON, 0);
  const { a, y } = wholeSystem(model.features, data);
  const c = Float64Array.of(...model.weights.readSync(), model.bias);
  const left = sub(matmul(a, fromArray(c, [c.length], 'f64')), y);
  const size = (x: Tensor): number => Math.hypot(...x.readSync());
  const frobenius = Math.sqrt(a.mul(a).sum().item());
  return size(matmul(left, a)) / (frobenius * size(y));
}

/** All monomials of degrees 1 to 3. */
function monomials(inputs: number): Features {
  const powers: number[][] = [];
  const extend = (now: number[], left: number): void => {
    if (now.length === inputs) {
      if (left < 3) powers.push(now);
      return;
    }
    for (let power = 0; power <= left; power++) extend([...now, power], left - power);
  };
  extend([], 3);
  const power = (x: number, e: number): number => (e < 0 ? 0 : x ** e);
  const table = (x: Tensor, f: (row: readonly number[], e: readonly number[]) => number): Tensor => {
    const rows = x.toArray() as number[][];
    return fromArray(
      Float64Array.from(rows.flatMap((row) => powers.map((e) => f(row, e)))),
      [rows.length, powers.length],
      'f64',
    );
  };
  const product = (row: readonly number[], e: readonly number[]): number =>
    row.reduce((p, v, i) => p * power(v, e[i]!), 1);
  return {
    inputs,
    units: powers.length,
    values: (x) => table(x, product),
    slopes: (x) =>
      Array.from({ length: inputs }, (_, d) =>
        table(
          x,
          (row, e) =>
            e[d]! *
            product(
              row,
              e.map((v, i) => v - Number(i === d)),
            ),
        ),
      ),
  };
}

/** Error of H when the features can hold it exactly; a wrong sign or anchor shows here. */
async function polynomialError(lab: Lab): Promise<number> {
  const few = caseOf(henonHeiles(), 200, 34);
  const sample = await sampleOf(lab, few, 0);
  return errorOf(fitEnergy(monomials(4), sample.data), sample);
}

const identity = (id: string, sentence: string, limit: number, measure: (lab: Lab) => Promise<number>): Claim =>
  claim('identity', id, sentence, { published: 0, threshold: atMost(limit), measure });

export const identityClaims: readonly Claim[] = [
  identity(
    'units-at-pairs',
    'A tanh unit drawn from a pair is −½ at its first point and +½ at its second (Hénon–Heiles, K = 300, M = 100): largest distance.',
    1e-12,
    unitsAtPairs,
  ),
  identity(
    'slopes',
    'The closed form Φ′ of the derivatives of the hidden units equals forward mode: largest distance.',
    1e-12,
    slopesAgainstJvp,
  ),
  identity(
    'anchor',
    'The learned energy of the anchor is the given one: distance over the largest weight.',
    1e-12,
    anchorError,
  ),
  identity(
    'energy-along-field',
    'Along the learned field the learned energy does not change: largest |∇H·f| over |∇H|².',
    1e-9,
    energyAlongField,
  ),
  identity(
    'normal-equations-elm',
    'The residual of the solve is orthogonal to the columns of A, ELM: |Aᵀ(Ac − y)| over |A|·|y|.',
    1e-12,
    (lab) => residualAngle(lab, 'elm'),
  ),
  identity('normal-equations-swim', 'The same for U-SWIM, whose A is forty times worse conditioned.', 1e-12, (lab) =>
    residualAngle(lab, 'u-swim'),
  ),
  identity(
    'polynomials',
    'With the 34 monomials of degree 1 to 3 as features, 200 points give the energy of Hénon–Heiles back: relative error.',
    1e-12,
    polynomialError,
  ),
];

/** Learned energies: the linear system, the trained network's gradient, pairs of states, trajectories. */
import { describe, expect, it } from 'vitest';
import { fromArray, grad, type Tensor } from '../../engine/index.ts';
import { HostRandom, keyFrom } from '../../engine/threefry.ts';
import {
  energyAt,
  fitHamiltonian,
  type MotionData,
  pairMotion,
  sampledHamiltonian,
  trainedHamiltonian,
} from './index.ts';
import { initialNetwork, networkLoss } from './trained.ts';

const key = keyFrom(2);
const field = ([q, p]: readonly number[]): number[] => [p!, -Math.sin(q!)];
const energy = ([q, p]: readonly number[]): number => p! ** 2 / 2 + 1 - Math.cos(q!);
const table = (rows: readonly (readonly number[])[]): Tensor =>
  fromArray(Float64Array.from(rows.flat()), [rows.length, rows[0]!.length], 'f64');

function states(seed: number, n: number): number[][] {
  const random = new HostRandom(keyFrom(seed));
  return Array.from({ length: n }, () => [random.uniform(-3, 3), random.uniform(-1, 1)]);
}

const motionOf = (rows: readonly (readonly number[])[]): MotionData => ({
  x: table(rows),
  velocity: table(rows.map(field)),
  anchor: table([[0, 0]]),
  anchorEnergy: 0,
});

const errorOn = (found: ArrayLike<number>, rows: readonly (readonly number[])[]): number =>
  Math.max(...rows.map((row, i) => Math.abs(found[i]! - energy(row))));

describe('sampledHamiltonian', () => {
  it.each(['elm', 'u-swim', 'a-swim', 'swim'] as const)(
    '%s learns the energy of the pendulum, the constant included',
    (sampling) => {
      const rows = states(1, 300);
      const energies = fromArray(Float64Array.from(rows, energy), [300], 'f64');
      const model = sampledHamiltonian(motionOf(rows), { units: 60, sampling, key, energies });
      const fresh = states(2, 100);
      expect(errorOn(energyAt(model, table(fresh)).readSync(), fresh)).toBeLessThan(0.02);
    },
  );

  it('refuses swim without energies, other dtypes, odd widths and NaN', () => {
    const data = motionOf(states(1, 40));
    const options = { units: 10, key } as const;
    expect(() => sampledHamiltonian(data, { ...options, sampling: 'swim' })).toThrow(/true energies/);
    expect(() => sampledHamiltonian({ ...data, x: data.x.mul(Number.NaN) }, options)).toThrow(/not finite/);
    expect(() => sampledHamiltonian({ ...data, anchor: table([[0, 0, 0]]) }, options)).toThrow(
      /do not belong together/,
    );
    const single = fromArray(new Float32Array(80), [40, 2], 'f32');
    expect(() => sampledHamiltonian({ ...data, x: single }, options)).toThrow(/need f64/);
  });
});

/** The gradient in closed form: z = x·W + b, S = σ′(z), u = S ⊙ w, g = u·Wᵀ; R = dL/dg, dU = R·W, dz = dU ⊙ w ⊙ (−2·tanh z·S). */
function handGradient(w: number[][], b: number[], out: number[], x: number[][], v: number[][]) {
  const [hidden, bias, last] = [w.map((row) => row.map(() => 0)), b.map(() => 0), b.map(() => 0)];
  const scale = 2 / (x.length * 2);
  x.forEach((row, k) => {
    const a = b.map((bm, m) => Math.tanh(row[0]! * w[0]![m]! + row[1]! * w[1]![m]! + bm));
    const s = a.map((t) => 1 - t * t);
    const g = w.map((wd) => wd.reduce((sum, wdm, m) => sum + wdm * s[m]! * out[m]!, 0));
    const r = [scale * (g[0]! + v[k]![1]!), scale * (g[1]! - v[k]![0]!)]; // ∂H/∂q should be −ṗ, ∂H/∂p should be q̇
    b.forEach((_, m) => {
      const du = r[0]! * w[0]![m]! + r[1]! * w[1]![m]!;
      const dz = du * out[m]! * -2 * a[m]! * s[m]!;
      last[m]! += du * s[m]!;
      bias[m]! += dz;
      for (const d of [0, 1]) hidden[d]![m]! += r[d]! * s[m]! * out[m]! + row[d]! * dz;
    });
  });
  return { hidden, bias, out: last };
}

describe('trainedHamiltonian', () => {
  it('descends along the gradient that its closed form has', () => {
    const rows = states(3, 9);
    const { hidden, bias, out } = initialNetwork(key, 2, 7);
    const params = {
      hidden,
      bias: bias.add(
        fromArray(
          Float64Array.from({ length: 7 }, (_, i) => i / 9),
          [7],
          'f64',
        ),
      ),
      out,
    };
    const velocities = rows.map(field);
    const found = grad((p: typeof params) => networkLoss(p, table(rows), table(velocities)))(params);
    const numbers = (t: Tensor) => t.toArray() as never;
    const exact = handGradient(numbers(params.hidden), numbers(params.bias), numbers(params.out), rows, velocities);
    for (const name of ['hidden', 'bias', 'out'] as const) {
      const expected = exact[name].flat();
      found[name].readSync().forEach((g: number, i: number) => {
        expect(g).toBeCloseTo(expected[i]!, 12);
      });
    }
  });

  it('learns the pendulum roughly, with the energy of the anchor', () => {
    const rows = states(1, 300);
    const model = trainedHamiltonian(motionOf(rows), { units: 40, steps: 400, batch: 100, learningRate: 2e-2, key });
    expect(energyAt(model, table([[0, 0]])).readSync()[0]).toBeCloseTo(0, 12);
    const fresh = states(2, 100);
    expect(errorOn(energyAt(model, table(fresh)).readSync(), fresh)).toBeLessThan(0.3);
  });
});

describe('pairMotion', () => {
  it('is a step back: symplectic Euler with the exact field gives the pair', () => {
    const [q, p, h] = [0.7, 0.2, 0.1];
    const q1 = q + h * p;
    const p1 = p - h * Math.sin(q1);
    const { x, velocity } = pairMotion(table([[q, p]]), table([[q1, p1]]), h);
    expect(x.toArray()).toEqual([[q1, p]]);
    const [dq, dp] = velocity.readSync();
    expect(dq).toBeCloseTo(p, 12);
    expect(dp).toBeCloseTo(-Math.sin(q1), 12);
  });

  it('refuses states that are no pairs', () => {
    expect(() =>
      pairMotion(
        table([[1, 2]]),
        table([
          [1, 2],
          [3, 4],
        ]),
        0.1,
      ),
    ).toThrow(/no pairs/);
  });
});

describe('fitHamiltonian', () => {
  const h = 0.1;
  const circle = (r: number) => ({
    times: Array.from({ length: 80 }, (_, i) => i * h),
    states: Array.from({ length: 80 }, (_, i) => [r * Math.cos(i * h), -r * Math.sin(i * h)]),
  });
  const fit = fitHamiltonian([0.4, 0.7, 1, 1.3, 1.6].map(circle));

  it('rolls recorded circles out for many turns and keeps the energy', () => {
    expect(fit.freedoms).toBe(1);
    expect(fit.points + fit.held).toBe(5 * 79);
    expect(fit.heldError).toBeLessThan(1e-3);
    const path = fit.rollOut([1, 0], { h, steps: 1000 });
    const energies = fit.energy(path);
    expect(Math.max(...energies) - Math.min(...energies)).toBeLessThan(1e-5);
    for (const [q, p] of path) expect(Math.hypot(q!, p!)).toBeCloseTo(1, 2);
    // The pairs were made by the rule of the roll-out, so its phase is that of the data, not of the midpoint rule's.
    expect(path[500]![0]).toBeCloseTo(Math.cos(500 * h), 2);
  });

  it('tells which row cannot be used', () => {
    const { states: rows, times } = circle(1);
    expect(() => fitHamiltonian([])).toThrow(/no positions and momenta/);
    expect(() => fitHamiltonian([{ states: rows }])).toThrow(/neither velocities nor times/);
    expect(() => fitHamiltonian([{ states: rows, times: times.slice(1) }])).toThrow(/79 times for 80 states/);
    expect(() => fitHamiltonian([{ states: rows, times: times.toReversed() }])).toThrow(/follows/);
    expect(() => fitHamiltonian([{ states: [...rows.slice(0, 3), [1, Number.NaN]], times }])).toThrow(
      /row 3 is not 2 finite/,
    );
    expect(() => fitHamiltonian([circle(1)], { holdout: 1 })).toThrow(/holdout is 1/);
  });
});

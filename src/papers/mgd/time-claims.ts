/** Check 3: what the time constants make of one circuit. Each setting is compared with the algorithm it should be, written in plain loops. */
import { fromArray, jit, random, scalar, type Tensor, tensor, trees } from '../../engine/index.ts';
import { loopOf } from '../../methods/multiplexed/loop.ts';
import { shown } from '../../methods/multiplexed/schedule.ts';
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { mse } from '../../nn/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { costOn, distance, logisticNet, numbersOf, uniformStart } from './setting.ts';

const AMPLITUDE = 0.05;
const RATE = 2;

/** XOR on 2-4-1 in f64, with its cost as a function of plain numbers. */
function xorCircuit(lab: Lab) {
  const net = logisticNet([2, 4, 1]);
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const cost = costOn(net, mse(), { x, y: tensor([[0], [1], [1], [0]]) }, net.initialise(random.key(0)).state);
  const params = uniformStart(net, lab.key('time start'), -0.5, 0.5);
  const [vector, unravel] = trees.ravel(params);
  const program = jit((v: Tensor, rows: Tensor) => cost(unravel(v), rows, null));
  const plain = (v: readonly number[], rows: readonly number[]): number =>
    program(tensor([...v]), fromArray(Int32Array.from(rows), [rows.length], 'i32')).item();
  return { cost, params, plain, start: [...vector.readSync()] };
}

type Circuit = ReturnType<typeof xorCircuit>;

/** θ after so many blocks; sample k shows the rows `show(k)`. */
function circuitRun(
  { cost, params }: Circuit,
  settings: MgdSettings,
  blocks: number,
  show: (k: number) => readonly number[],
  key: Tensor,
  rate = RATE,
): number[] {
  const simulation = new Simulation({ settings: { amplitude: AMPLITUDE, ...settings }, cost, params, key });
  const { block } = simulation.simulator;
  const rows = shown((k) => Int32Array.from(show(k)), { from: 0, blocks, block, tauX: settings.tauX ?? 1 });
  simulation.advance(rows, Array(blocks).fill(rate));
  return numbersOf(simulation.state.theta);
}

const ALL = [0, 1, 2, 3];
const axpy = (y: readonly number[], a: number, x: readonly number[]): number[] => y.map((v, i) => v + a * x[i]!);
const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

/** Ten updates of sequential codes beside ten steps along forward differences. */
function finiteDifferences(lab: Lab): number {
  const circuit = xorCircuit(lab);
  const P = circuit.start.length;
  const ours = circuitRun(circuit, { code: 'sequential', tauTheta: P, tauX: P }, 10, () => ALL, lab.key('time codes'));
  let theta = circuit.start;
  for (let update = 0; update < 10; update++) {
    const before = circuit.plain(theta, ALL);
    const slope = theta.map((_, i) => {
      const moved = theta.map((v, j) => (j === i ? v + AMPLITUDE : v));
      return (circuit.plain(moved, ALL) - before) / AMPLITUDE;
    });
    theta = axpy(theta, -RATE, slope);
  }
  return largest(ours, theta);
}

/** 200 updates of random codes beside one-sided SPSA with the same signs, one sample after another. */
function spsa(lab: Lab): number {
  const circuit = xorCircuit(lab);
  const key = lab.key('time codes');
  const row = (k: number): number[] => [k % 4];
  const ours = circuitRun(circuit, {}, 200, row, key);
  const P = circuit.start.length;
  const { init, perturbation } = loopOf({ amplitude: 1 });
  const state = init(circuit.params, key);
  let theta = circuit.start;
  for (let n = 0; n < 200; n++) {
    const sign = numbersOf(perturbation(state, scalar(n, 'i32'))).map(Math.sign);
    const c = AMPLITUDE / Math.sqrt(P);
    const slope = (circuit.plain(axpy(theta, c, sign), row(n)) - circuit.plain(theta, row(n))) / c;
    theta = axpy(theta, (-RATE * slope) / P, sign); // the rate of SPSA is η/P
  }
  return largest(ours, theta);
}

/** Four samples one after another and one update, beside four times the update of the four at once. */
function batchInTime(lab: Lab): number {
  const circuit = xorCircuit(lab);
  const P = circuit.start.length;
  const key = lab.key('time codes');
  const moved = (settings: MgdSettings, blocks: number, show: (k: number) => readonly number[]): number[] =>
    axpy(circuitRun(circuit, { code: 'sequential', ...settings }, blocks, show, key, 1), -1, circuit.start);
  const inTime = moved({ tauX: P, tauTheta: 4 * P }, 4, (k) => [k]);
  const atOnce = moved({ tauX: P, tauTheta: P }, 1, () => ALL);
  return largest(
    inTime,
    atOnce.map((x) => 4 * x),
  );
}

/** Relative distance of C̃-by-difference from C̃-by-forward-mode in G of 100 random codes, for three Δθ. */
function probes(lab: Lab): number[] {
  const circuit = xorCircuit(lab);
  const G = (settings: MgdSettings): number[] =>
    axpy(
      circuitRun(circuit, { tauTheta: 100, tauX: 100, ...settings }, 1, () => ALL, lab.key('time codes'), 1),
      -1,
      circuit.start,
    );
  return [1e-2, 1e-3, 1e-4].map((amplitude) => distance(G({ amplitude }), G({ amplitude, probe: 'jvp' })));
}

const identity = (
  id: string,
  sentence: string,
  published: string,
  threshold: number,
  measure: (lab: Lab) => number,
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published,
  unit: '',
  threshold: atMost(threshold),
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const timeClaims: readonly Claim[] = [
  identity(
    'sequential-is-finite-differences',
    'Sequential codes with τ_θ = Pτ_p are gradient descent along forward differences: largest difference of a parameter after 10 updates of XOR 2-4-1.',
    '0 (prototype)',
    1e-12,
    finiteDifferences,
  ),
  identity(
    'random-is-spsa',
    'Random codes with τ_θ = τ_p are one-sided SPSA at the rate η/P: largest difference of a parameter after 200 updates.',
    '4e-14 (prototype)',
    1e-12,
    spsa,
  ),
  identity(
    'batch-in-time',
    'With sequential codes, τ_x = P and τ_θ = 4P the update is four times that of the same four samples as one parallel batch: largest difference.',
    '3e-14 (prototype)',
    1e-12,
    batchInTime,
  ),
  identity(
    'exact-probe',
    'The finite probe tends to the exact one like Δθ: largest difference from 10 of the fall of their distance per decade.',
    'tenfold per decade (prototype)',
    1,
    (lab) => {
      const errors = probes(lab);
      return Math.max(...errors.slice(1).map((e, i) => Math.abs(errors[i]! / e - 10)));
    },
  ),
];

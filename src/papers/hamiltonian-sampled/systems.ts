/** The systems of the paper: energies and fields in closed form, domains, and points drawn from them. */
import { fromArray, type Tensor } from '../../engine/index.ts';
import { HostRandom, type KeyWords } from '../../engine/threefry.ts';
import type { MotionData } from '../../methods/hamiltonian/system.ts';

/** A state (q₁ … qₙ, p₁ … pₙ). */
export type State = readonly number[];
type Range = readonly [low: number, high: number];

export interface System {
  readonly name: string;
  /** One range a coordinate. */
  readonly domain: readonly Range[];
  energy(x: State): number;
  /** (∂H/∂q, ∂H/∂p). */
  gradient(x: State): number[];
}

const { PI, cos, sin, exp } = Math;

/** p²/2 + 1 − cos(f·q). */
export const pendulum = (domain: readonly Range[], f = 1): System => ({
  name: `pendulum${f === 1 ? '' : `, frequency ${f}`}`,
  domain,
  energy: ([q, p]) => p! ** 2 / 2 + 1 - cos(f * q!),
  gradient: ([q, p]) => [f * sin(f * q!), p!],
});

export const pendulumSmall: System = pendulum([
  [-2 * PI, 2 * PI],
  [-1, 1],
]);
export const pendulumLarge: System = pendulum([
  [-2 * PI, 2 * PI],
  [-6, 6],
]);
export const pendulumNear: System = pendulum([
  [-PI, PI],
  [-1, 1],
]);
export const pendulumSteep = (f: number): System =>
  pendulum(
    [
      [-PI, PI],
      [-0.5, 0.5],
    ],
    f,
  );

interface Rates {
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  readonly delta: number;
}

/** δ·eᵖ − γ·p + β·e^q − α·q. */
const lotkaVolterra = (range: Range, { alpha, beta, gamma, delta }: Rates): System => ({
  name: `Lotka–Volterra [${range}]²`,
  domain: [range, range],
  energy: ([q, p]) => delta * exp(p!) - gamma * p! + beta * exp(q!) - alpha * q!,
  gradient: ([q, p]) => [beta * exp(q!) - alpha, delta * exp(p!) - gamma],
});

const atOrigin: Rates = { alpha: -2, beta: -1, gamma: -1, delta: -1 };
export const lotkaVolterraSmall: System = lotkaVolterra([-2, 2], atOrigin);
export const lotkaVolterraMiddle: System = lotkaVolterra([-5, 5], atOrigin);
export const lotkaVolterraWide: System = lotkaVolterra([0, 8], { alpha: 3.5, beta: 0.025, gamma: 10, delta: 0.07 });

/** ½·|x|² + α·(q₁²·q₂ − q₂³/3) with α = 1. */
export const henonHeiles = (reach = 5): System => ({
  name: `Hénon–Heiles [−${reach},${reach}]⁴`,
  domain: Array.from({ length: 4 }, () => [-reach, reach] as const),
  energy: ([a, b, c, d]) => (a! ** 2 + b! ** 2 + c! ** 2 + d! ** 2) / 2 + a! ** 2 * b! - b! ** 3 / 3,
  gradient: ([a, b, c, d]) => [a! + 2 * a! * b!, b! + a! ** 2 - b! ** 2, c!, d!],
});

/** Two unit masses on unit rods. */
export const doublePendulum: System = {
  name: 'double pendulum',
  domain: [
    [-PI, PI],
    [-PI, PI],
    [-1, 1],
    [-1, 1],
  ],
  energy: ([a, b, c, d]) => {
    const s = sin(a! - b!);
    return (c! ** 2 + 2 * d! ** 2 - 2 * c! * d! * cos(a! - b!)) / (2 * (1 + s * s)) - 2 * cos(a!) - cos(b!);
  },
  gradient: ([a, b, c, d]) => {
    const [s, k] = [sin(a! - b!), cos(a! - b!)];
    const m = 1 + s * s;
    const top = c! ** 2 + 2 * d! ** 2 - 2 * c! * d! * k;
    const byAngle = (c! * d! * s) / m - (top * s * k) / (m * m);
    return [byAngle + 2 * sin(a!), -byAngle + sin(b!), (c! - d! * k) / m, (2 * d! - c! * k) / m];
  },
};

/** (∂H/∂p, −∂H/∂q). */
export function fieldOf(system: System, x: State): number[] {
  const g = system.gradient(x);
  const n = g.length / 2;
  return [...g.slice(n), ...g.slice(0, n).map((v) => -v)];
}

/** Least and largest limit over all coordinates, the range of the biases of ELM. */
export const rangeOf = ({ domain }: System): Range => [
  Math.min(...domain.map(([low]) => low)),
  Math.max(...domain.map(([, high]) => high)),
];

export const tableOf = (rows: readonly State[]): Tensor =>
  fromArray(Float64Array.from(rows.flat()), [rows.length, rows[0]!.length], 'f64');

/** States uniform in the domain. */
export function statesOf({ domain }: System, count: number, key: KeyWords): State[] {
  const random = new HostRandom(key);
  return Array.from({ length: count }, () => domain.map(([low, high]) => random.uniform(low, high)));
}

/** True motion at some states, anchored at the origin. */
export function motionAt(system: System, states: readonly State[]): MotionData {
  const origin = system.domain.map(() => 0);
  return {
    x: tableOf(states),
    velocity: tableOf(states.map((x) => fieldOf(system, x))),
    anchor: tableOf([origin]),
    anchorEnergy: system.energy(origin),
  };
}

/** True energies (K). */
export const energiesOf = (system: System, states: readonly State[]): Float64Array =>
  Float64Array.from(states, (x) => system.energy(x));

/** The gamma and beta families, from which the distribution functions of the tests are made. */

/** ln Γ(x) for x > 0, by Stirling's series after shifting x above 10; absolute error of a few 1e-15 where it is small. */
export function logGamma(x: number): number {
  let product = 1;
  let z = x;
  while (z < 10) product *= z++;
  const w = 1 / (z * z);
  const series =
    (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w / 156)))))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
}

const TINY = 1e-300;
const away = (v: number): number => (Math.abs(v) < TINY ? TINY : v);

/** b₀ + a₁/(b₁ + a₂/(b₂ + …)) by Lentz's method; `terms(k)` gives [aₖ, bₖ] for k ≥ 1. */
function continuedFraction(b0: number, terms: (k: number) => readonly [number, number]): number {
  let f = away(b0);
  let c = f;
  let d = 0;
  for (let k = 1; k < 20_000; k++) {
    const [a, b] = terms(k);
    d = 1 / away(b + a * d);
    c = away(b + a / c);
    f *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return f;
}

/** The regularised incomplete beta function I_x(a, b). */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  return front / continuedFraction(1, (k) => [betaTerm(k, x, a, b), 1]);
}

function betaTerm(k: number, x: number, a: number, b: number): number {
  const m = k >> 1;
  if (k % 2 === 0) return (m * (b - m) * x) / ((a + k - 1) * (a + k));
  return (-(a + m) * (a + b + m) * x) / ((a + k - 1) * (a + k));
}

/** The regularised upper incomplete gamma function Q(a, x) = Γ(a, x) / Γ(a), accurate in its far tail. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  if (x === Infinity) return 0;
  if (x < a + 1) return 1 - gammaSeries(a, x);
  return gammaFront(a, x) / continuedFraction(x + 1 - a, (k) => [-k * (k - a), x + 2 * k + 1 - a]);
}

/** The regularised lower incomplete gamma function P(a, x) = 1 − Q(a, x), accurate for small x. */
export function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  return x < a + 1 ? gammaSeries(a, x) : 1 - upperGamma(a, x);
}

const gammaFront = (a: number, x: number): number => Math.exp(a * Math.log(x) - x - logGamma(a));

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let total = term;
  for (let n = 1; term > total * 1e-17; n++) {
    term *= x / (a + n);
    total += term;
  }
  return total * gammaFront(a, x);
}

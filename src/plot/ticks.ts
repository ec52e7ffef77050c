/** Round numbers for axes: ticks at 1, 2 or 5 times powers of ten, on linear and logarithmic scales. */

/** Round ticks inside [low, high], about `count` of them; one tick where the range is empty. */
export function linearTicks(low: number, high: number, count = 5): number[] {
  if (!(high > low)) return [low];
  const step = roundStep((high - low) / Math.max(1, count));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // A product with the step of 1e-k is inexact, a quotient by 10^k is rounded once.
  const scale = step < 1 ? Math.round(1 / step) : 1;
  const at = (i: number) =>
    scale > 1 && Math.abs(scale * step - 1) < 1e-9 ? i / scale : Number((i * step).toPrecision(12));
  return Array.from({ length: last - first + 1 }, (_, i) => at(first + i) + 0); // + 0 turns −0 into 0
}

/** 1, 2, 5 or 10 times a power of ten, whichever is nearest to `x` as a ratio. */
function roundStep(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const rest = x / power;
  return power * (rest >= Math.sqrt(50) ? 10 : rest >= Math.sqrt(10) ? 5 : rest >= Math.sqrt(2) ? 2 : 1);
}

/** Ticks of a logarithmic axis inside [low, high] > 0: 1, 2, 5 times powers of ten over few decades, powers alone over many, even steps within less than a decade. */
export function logTicks(low: number, high: number, count = 6): number[] {
  if (!(high > low)) return [low];
  const inside = (digits: readonly number[]) => {
    const all: number[] = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high) + 1; e++) {
      for (const d of digits) all.push(Number(`${d}e${e}`));
    }
    return all.filter((t) => t >= low && t <= high);
  };
  const sets = [[1, 2, 5], [1, 3], [1]].map(inside);
  const chosen = sets.find((ticks) => ticks.length <= count) ?? sets[2]!;
  if (chosen.length < 3) return linearTicks(low, high, count);
  const apart = Math.max(1, Math.ceil(chosen.length / count));
  return chosen.filter((_, i) => i % apart === 0);
}

/** The range widened to round numbers at both ends. */
export function roundRange(low: number, high: number, count = 5): [number, number] {
  if (!(high > low)) return [low - 0.5, high + 0.5];
  const step = roundStep((high - low) / Math.max(1, count));
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

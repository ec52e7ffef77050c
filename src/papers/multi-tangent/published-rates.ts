/** Learning rates that the paper's search found (last version of its code, January 2025), and what theory says of them. */

export type Combination = 'frog' | 'mean';

/** Mean with k = 1, 4, 16, then frog with k = 2, 4, 16. */
type Rates = readonly [number, number, number, number, number, number];

const rates: Readonly<Record<string, Rates>> = {
  'Sphere 16': [0.033, 0.0915, 0.192, 0.486, 0.486, 0.332],
  'Sphere 64': [0.00853, 0.0353, 0.0829, 0.508, 0.508, 0.508],
  'Sphere 128': [0.00379, 0.017, 0.0484, 0.48, 0.423, 0.486],
  'Sphere 1024': [0.000498, 0.00193, 0.0075, 0.486, 0.486, 0.486],
  'Styblinski–Tang 16': [0.000784, 0.00206, 0.0057, 0.01, 0.0103, 0.01],
  'Styblinski–Tang 64': [0.000535, 0.000498, 0.000959, 0.0211, 0.0089, 0.0042],
  'Styblinski–Tang 128': [0.000391, 0.000465, 0.000498, 0.0353, 0.023, 0.0042],
  'Styblinski–Tang 1024': [0.000136, 0.000281, 0.000399, 0.106, 0.0751, 0.0293],
  'Rosenbrock 16': [0.000122, 0.000329, 0.000312, 0.00193, 0.00186, 0.00107],
  'Rosenbrock 64': [8.56e-5, 0.000203, 0.000391, 0.00455, 0.00312, 0.00184],
};

const COLUMNS: Readonly<Record<Combination, Readonly<Record<number, number>>>> = {
  mean: { 1: 0, 4: 1, 16: 2 },
  frog: { 2: 3, 4: 4, 16: 5 },
};

/** The rate that the search found; there is one for k = 1 (mean), 2 (frog), 4 and 16. */
export const publishedRate = (problem: string, n: number, by: Combination, k: number): number =>
  rates[`${problem} ${n}`]![COLUMNS[by][k]!]!;

/** The best rate on ‖x‖²: ½ for frog, k/(2(n + k + 1)) for the mean. */
export const theoreticalRate = (by: Combination, n: number, k: number): number =>
  by === 'frog' ? 0.5 : k / (2 * (n + k + 1));

/** Published rates on the sphere over those of theory, n ≥ 64. */
export const ratesOverTheory = (): number[] =>
  [64, 128, 1024].flatMap((n) =>
    (['mean', 'frog'] as const).flatMap((by) =>
      Object.keys(COLUMNS[by]).map(
        (k) => publishedRate('Sphere', n, by, Number(k)) / theoreticalRate(by, n, Number(k)),
      ),
    ),
  );

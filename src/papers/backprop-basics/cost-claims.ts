/** Check 1: operations of the gradient beside those of the function, counted while they are carried out. */
import { atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  type Counts,
  countsOf,
  crossover,
  determinant,
  forwardModeOperations,
  horner,
  type Program,
  product,
  quotients,
  squares,
  total,
} from './programs.ts';
import { randomPrograms } from './random-programs.ts';

/** A row of the table of known counts. */
interface Row {
  readonly id: string;
  readonly program: Program;
  readonly forward: number;
  readonly backward: number;
  readonly assigned: number;
  readonly signFree: number;
}

const rows: readonly Row[] = [
  { id: 'product', program: product(100), forward: 99, backward: 396, assigned: 198, signFree: 198 },
  { id: 'quotient', program: quotients(50), forward: 49, backward: 196, assigned: 147, signFree: 98 },
  { id: 'sum', program: total(100), forward: 99, backward: 198, assigned: 0, signFree: 0 },
  { id: 'squares', program: squares(100), forward: 199, backward: 598, assigned: 300, signFree: 300 },
  { id: 'horner', program: horner(50), forward: 96, backward: 288, assigned: 143, signFree: 143 },
  { id: 'determinant', program: determinant, forward: 14, backward: 46, assigned: 28, signFree: 24 },
];

const countsIn = (lab: Lab): Promise<ReadonlyMap<string, Counts>> =>
  lab.once('counts', () => {
    const counts = new Map(rows.map(({ id, program }) => [id, countsOf(program)] as const));
    lab.table(
      'operations',
      'Operations of f, of the backward sweep, and of both over those of f: every contribution an addition; the first an assignment; signs for nothing. The backward sweep needs every value of the forward one: memory is its price',
      ['function', 'n', 'forward', 'backward', 'ratio', 'ratio, assigned', 'ratio, signs free', 'values kept'],
      rows.map(({ id, program }) => {
        const c = counts.get(id)!;
        const ratio = (more: number) => ((c.forward + more) / c.forward).toFixed(3);
        return [
          program.name,
          program.n,
          c.forward,
          c.backward,
          ratio(c.backward),
          ratio(c.assigned),
          ratio(c.signFree),
          program.n + c.forward,
        ];
      }),
    );
    return counts;
  });

const count = (row: Row, what: 'forward' | 'backward' | 'assigned' | 'signFree', sentence: string): Claim => ({
  id: `operations-${row.id}-${what === 'signFree' ? 'sign-free' : what}`,
  kind: 'cost',
  sentence,
  published: row[what],
  unit: 'operations',
  threshold: exactly(row[what]),
  expected: 'holds',
  measure: async (lab) => (await countsIn(lab)).get(row.id)![what],
});

const rowClaims = (row: Row): Claim[] => {
  const of = `${row.program.name}, n = ${row.program.n}`;
  return [
    count(row, 'forward', `The function (${of}) takes ${row.forward} operations.`),
    count(
      row,
      'backward',
      `Its whole gradient (${of}) takes ${row.backward} more, every contribution counted as an addition.`,
    ),
    count(row, 'assigned', `With the first contribution to a value as an assignment (${of}) it takes ${row.assigned}.`),
    count(row, 'signFree', `With changes of sign for nothing besides (${of}) it takes ${row.signFree}.`),
  ];
};

const ratiosIn = (lab: Lab) => lab.once('random programs', () => randomPrograms(lab, 1000));

export const costClaims: readonly Claim[] = [
  ...rows.flatMap(rowClaims),
  {
    id: 'ratio-bound',
    kind: 'cost',
    sentence:
      'In 1,000 random programs over + − × ÷ the function and its gradient never take more than 5 times the operations of the function (Baur–Strassen).',
    published: '≤ 5',
    unit: '×',
    threshold: atMost(5),
    expected: 'holds',
    measure: async (lab) => (await ratiosIn(lab)).largest,
  },
  {
    id: 'nonscalar-ratio',
    kind: 'cost',
    sentence:
      'Counting only products and quotients of two values that vary, the ratio is 3 in every one of the programs that has any: largest distance from 3.',
    published: 0,
    unit: '×',
    threshold: exactly(0),
    expected: 'holds',
    measure: async (lab) => (await ratiosIn(lab)).nonscalarError,
  },
  {
    id: 'forward-mode-product',
    kind: 'cost',
    sentence:
      'Forward mode needs a sweep for each of the 100 inputs of a product: 29,799 operations, where reverse mode needs 495.',
    published: 29_799,
    unit: 'operations',
    threshold: exactly(29_799),
    expected: 'holds',
    measure: () => forwardModeOperations(product(100)),
  },
  {
    id: 'crossover-product',
    kind: 'cost',
    sentence: 'For products, reverse mode takes fewer operations than forward mode from two inputs on.',
    published: 2,
    unit: 'inputs',
    threshold: exactly(2),
    expected: 'holds',
    measure: (lab) => crossoverIn(lab, product),
  },
  {
    id: 'crossover-sum',
    kind: 'cost',
    sentence: 'For sums, from three inputs on.',
    published: 3,
    unit: 'inputs',
    threshold: exactly(3),
    expected: 'holds',
    measure: (lab) => crossoverIn(lab, total),
  },
];

function crossoverIn(lab: Lab, program: (n: number) => Program): number {
  lab.table(
    'modes',
    'Operations of a function with its whole gradient, by the number of inputs',
    ['inputs', 'product, reverse', 'product, forward', 'sum, reverse', 'sum, forward'],
    [1, 2, 3, 4, 8, 16, 32, 100].map((n) => {
      const reverse = (p: Program) => countsOf(p).forward + countsOf(p).backward;
      const [p, s] = [product(n), total(n)];
      return [n, reverse(p), forwardModeOperations(p), reverse(s), forwardModeOperations(s)];
    }),
  );
  return crossover(program);
}

/** Arithmetic on numbers that counts what it does. */

/** How many operations were carried out; `elementary` counts calls of exp, tanh and the like as one each. */
export interface Tally {
  add: number;
  sub: number;
  mul: number;
  div: number;
  neg: number;
  elementary: number;
}

/** A tally of nothing. */
export const emptyTally = (): Tally => ({ add: 0, sub: 0, mul: 0, div: 0, neg: 0, elementary: 0 });

/** All operations together. */
export const operationsOf = ({ add, sub, mul, div, neg, elementary }: Tally): number =>
  add + sub + mul + div + neg + elementary;

/** The counting operations of one tally. */
export interface Arithmetic {
  readonly tally: Tally;
  readonly add: (a: number, b: number) => number;
  readonly sub: (a: number, b: number) => number;
  readonly mul: (a: number, b: number) => number;
  readonly div: (a: number, b: number) => number;
  readonly neg: (a: number) => number;
}

/** Arithmetic that adds to a tally. */
export const arithmeticOf = (tally: Tally = emptyTally()): Arithmetic => ({
  tally,
  add(a, b) {
    tally.add++;
    return a + b;
  },
  sub(a, b) {
    tally.sub++;
    return a - b;
  },
  mul(a, b) {
    tally.mul++;
    return a * b;
  },
  div(a, b) {
    tally.div++;
    return a / b;
  },
  neg(a) {
    tally.neg++;
    return -a;
  },
});

/** What minimisers are given: a function that returns its value and its gradient at one point. */
import { Tensor } from '../engine/index.ts';

/** A function with its gradient, as `valueAndGrad` makes it; the value may be a scalar tensor. */
export type Objective<V> = (x: V) => readonly [value: number | Tensor, gradient: V];

/** A point with what is known of it. */
export interface Point<V> {
  readonly x: V;
  readonly value: number;
  readonly gradient: V;
}

/** Evaluates an objective at a point. */
export function pointAt<V>(objective: Objective<V>, x: V): Point<V> {
  const [value, gradient] = objective(x);
  return { x, value: asNumber(value), gradient };
}

export const asNumber = (value: number | Tensor): number => (value instanceof Tensor ? value.item() : value);

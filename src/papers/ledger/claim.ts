/** What a claim is: a paper's sentence as data, with the function that measures it here. */
import type { Citation } from '../../methods/rule.ts';
import type { Lab } from './lab.ts';

/**
 * What kind of evidence a claim asks for: an exact `identity`, a `learning` result, an exact `cost` from plans and counts, a `timing` ratio (reported, never decides), or a `report` of a number that
 * nothing depends on but that must not look different from what is stated.
 */
export type ClaimKind = 'identity' | 'learning' | 'cost' | 'timing' | 'report';

/** `quick`: at most 10 s of one core a paper, part of the tests. `full`: at most 15 minutes a paper, recorded in docs/RESULTS.md. */
export type Scale = 'quick' | 'full';

export interface Threshold {
  readonly op: '>=' | '<=' | '>' | '<' | '==';
  readonly value: number;
}

export const atLeast = (value: number): Threshold => ({ op: '>=', value });
export const atMost = (value: number): Threshold => ({ op: '<=', value });
export const above = (value: number): Threshold => ({ op: '>', value });
export const below = (value: number): Threshold => ({ op: '<', value });
export const exactly = (value: number): Threshold => ({ op: '==', value });

/** A value for each scale, or one for both. */
export type PerScale<T> = T | { readonly quick: T; readonly full: T };

export interface Claim {
  /** Unique within the paper; kebab case. */
  readonly id: string;
  readonly kind: ClaimKind;
  /** What is claimed, as one sentence that names the setting. */
  readonly sentence: string;
  /** The figure in the paper; null where it gives none. */
  readonly published: number | string | null;
  readonly unit: string;
  /** What `measured` must satisfy; fixed before measuring and never widened. */
  readonly threshold: PerScale<Threshold>;
  /** Whether it holds on our side; `not reproduced` needs its `why`. */
  readonly expected: PerScale<'holds' | 'not reproduced'>;
  /** Why a claim does not reproduce, or what a reader must know beside the number. */
  readonly why?: string;
  /** Scales at which it is measured; both unless said. */
  readonly scales?: readonly Scale[];
  /** Measures the claim here and now; several claims share an experiment through `lab.once`. */
  measure(lab: Lab): number | Promise<number>;
}

/** Makes claims of one kind; nothing is published and it is expected to hold, unless `rest` says otherwise. */
export const claimsOf =
  (kind: ClaimKind) =>
  (
    id: string,
    sentence: string,
    unit: string,
    threshold: Claim['threshold'],
    measure: Claim['measure'],
    rest: Partial<Claim> = {},
  ): Claim => ({ id, kind, sentence, published: null, unit, threshold, expected: 'holds', measure, ...rest });

/** Makes claims of one kind that all have one unit. */
export const claimsIn =
  (kind: ClaimKind, unit: string) =>
  (
    id: string,
    sentence: string,
    threshold: Claim['threshold'],
    measure: Claim['measure'],
    rest: Partial<Claim> = {},
  ): Claim =>
    claimsOf(kind)(id, sentence, unit, threshold, measure, rest);

export interface Paper {
  /** The name of its card and of its file. */
  readonly slug: string;
  readonly title: string;
  readonly citation: Citation;
  /** What it is good for, in one sentence. */
  readonly summary: string;
  /** Ids of the rules and learners that carry the paper's method. */
  readonly methods: readonly string[];
  readonly claims: readonly Claim[];
}

/** Types a paper. */
export const definePaper = (paper: Paper): Paper => paper;

/** The value that counts at a scale. */
export const at = <T>(value: PerScale<T>, scale: Scale): T =>
  typeof value === 'object' && value !== null && 'quick' in value && 'full' in value
    ? (value as { quick: T; full: T })[scale]
    : (value as T);

/** Whether a measured number satisfies a threshold; a NaN satisfies none. */
export function satisfies(measured: number, { op, value }: Threshold): boolean {
  switch (op) {
    case '>=':
      return measured >= value;
    case '<=':
      return measured <= value;
    case '>':
      return measured > value;
    case '<':
      return measured < value;
    case '==':
      return measured === value;
  }
}

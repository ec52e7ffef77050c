/** How claims are written for people on pages: numbers with units, verdicts, circumstances. */

import type { Citation } from '../../methods/rule.ts';
import { formatNumber } from '../../plot/units.ts';
import type { ClaimEvent } from '../../run/schema.ts';
import type { Circumstances, PaperRecord } from './record.ts';
import { isUnexpected } from './runner.ts';

/** A number of a claim with its unit; whole numbers stay whole where what was measured is one. */
export function figureOf(
  value: number | string | null,
  { measured, unit }: Pick<ClaimEvent, 'measured' | 'unit'>,
): string {
  if (value === null) return '–';
  if (typeof value === 'string') return value;
  const isCount = Number.isInteger(measured) && Number.isInteger(value) && Math.abs(value) < 1e15;
  const text = isCount ? String(value).replace('-', '−') : formatNumber(value);
  return unit === '' ? text : `${text} ${unit}`;
}

const signs = { '>=': '≥', '<=': '≤', '>': '>', '<': '<', '==': '=' } as const;

export const thresholdOf = (claim: ClaimEvent): string =>
  `${signs[claim.threshold.op]} ${figureOf(claim.threshold.value, claim)}`;

/** `holds`, `not reproduced`, and what was expected where it came out otherwise. */
export function verdictOf(claim: ClaimEvent): string {
  if (claim.failure !== undefined) return 'could not be measured';
  const text = claim.holds ? 'holds' : 'not reproduced';
  return isUnexpected(claim) ? `${text} (expected: ${claim.expected})` : text;
}

export const citationOf = ({ authors, title, year, venue, arxiv }: Citation): string =>
  `${authors}: ${title}${venue === undefined ? '' : `, ${venue}`}, ${year}${arxiv === undefined ? '' : `, arXiv:${arxiv}`}`;

/** Where and how something was measured, in one line. */
export const circumstancesOf = ({ scale, seed, profile, machine, version, load }: Circumstances): string =>
  `${scale} scale, seed ${seed}, profile ${profile}, ${machine.cpu} (${machine.cores} cores, load ${load.toFixed(1)}), Node ${machine.node}, cotangent ${version}`;

/** `12 of 14 claims hold`. */
export const countOf = ({ claims }: Pick<PaperRecord, 'claims'>): string =>
  `${claims.filter((c) => c.holds).length} of ${claims.length} claims hold`;

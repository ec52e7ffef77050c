/** The quick claims of a paper as tests: one test a claim, which fails when the claim comes out other than expected. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClaimEvent } from '../../run/schema.ts';
import type { Paper } from './claim.ts';
import { claimsAt, isUnexpected, type PaperResult, reproduce } from './runner.ts';

/** Declares the tests of a paper's quick claims. */
export function testClaims(paper: Paper): void {
  describe(`${paper.slug}: quick claims`, () => {
    let result: PaperResult;
    beforeAll(async () => {
      result = await reproduce(paper, { scale: 'quick' });
    }, 300_000);
    it.each(claimsAt(paper, 'quick').map((c) => [c.id] as const))('%s', (id) => {
      const claim = result.claims.find((c) => c.id === id)!;
      expect(isUnexpected(claim), explain(claim)).toBe(false);
    });
  });
}

const explain = ({ sentence, measured, threshold, expected, failure }: ClaimEvent): string =>
  `${sentence} Measured ${measured}, threshold ${threshold.op} ${threshold.value}, expected: ${expected}${failure === undefined ? '' : `; failed: ${failure}`}`;

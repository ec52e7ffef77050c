/** The quick claims of a paper as tests: one test a claim, which fails when the claim comes out other than expected; without COTANGENT_DATA, claims on data that is not here are skipped. */
import { beforeAll, describe, expect, it } from 'vitest';
import { environment } from '../../data/node.ts';
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
    it.for(claimsAt(paper, 'quick').map((c) => c.id))('%s', (id, { skip }) => {
      const claim = result.claims.find((c) => c.id === id)!;
      if (wantsData(claim)) skip(claim.failure);
      expect(isUnexpected(claim), explain(claim)).toBe(false);
    });
  });
}

const wantsData = ({ failure }: ClaimEvent): boolean =>
  environment('COTANGENT_DATA') === undefined && failure?.includes('COTANGENT_DATA') === true;

const explain = ({ sentence, measured, threshold, expected, failure }: ClaimEvent): string =>
  `${sentence} Measured ${measured}, threshold ${threshold.op} ${threshold.value}, expected: ${expected}${failure === undefined ? '' : `; failed: ${failure}`}`;

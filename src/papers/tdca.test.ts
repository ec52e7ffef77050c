/** The quick claims of top-down credit assignment. */
import { testClaims } from './ledger/testing.ts';
import { paper } from './tdca.ts';

testClaims(paper);

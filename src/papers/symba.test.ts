/** The quick claims of SymBa. */
import { testClaims } from './ledger/testing.ts';
import { paper } from './symba.ts';

testClaims(paper);

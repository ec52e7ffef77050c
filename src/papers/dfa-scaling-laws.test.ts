/** The quick claims of DFA on Transformers. */
import { paper } from './dfa-scaling-laws.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

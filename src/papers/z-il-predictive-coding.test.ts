import { testClaims } from './ledger/testing.ts';
import { paper } from './z-il-predictive-coding.ts';

testClaims(paper);

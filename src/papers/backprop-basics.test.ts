import { paper } from './backprop-basics.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

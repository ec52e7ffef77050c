import { paper } from './forward-gradients.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

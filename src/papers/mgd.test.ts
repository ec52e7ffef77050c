import { testClaims } from './ledger/testing.ts';
import { paper } from './mgd.ts';

testClaims(paper);

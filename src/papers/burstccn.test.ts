import { paper } from './burstccn.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

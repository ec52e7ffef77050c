import { testClaims } from './ledger/testing.ts';
import { paper } from './vsml.ts';

testClaims(paper);

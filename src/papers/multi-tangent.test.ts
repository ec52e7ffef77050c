import { testClaims } from './ledger/testing.ts';
import { paper } from './multi-tangent.ts';

testClaims(paper);

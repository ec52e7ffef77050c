import { paper } from './hebbian-norm.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

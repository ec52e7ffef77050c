import { paper } from './ebm-infinitesimal-limit.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

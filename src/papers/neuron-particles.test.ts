import { testClaims } from './ledger/testing.ts';
import { paper } from './neuron-particles.ts';

testClaims(paper);

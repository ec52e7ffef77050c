/** The quick claims of sampled Hamiltonian networks. */
import { paper } from './hamiltonian-sampled.ts';
import { testClaims } from './ledger/testing.ts';

testClaims(paper);

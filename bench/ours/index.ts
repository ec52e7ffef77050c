/** Our side of every workload. */
import { type Contender, calling, type Peer } from '../contender.ts';
import { mlps } from '../workloads.ts';
import { creditStep, forwardPass } from './credit.ts';
import * as kernels from './kernels.ts';
import { cnnStep, compiling, mlpStep } from './nets.ts';

const makers: Readonly<Record<string, () => () => unknown>> = {
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => kernels.matmul(n)])),
  ...Object.fromEntries(Object.entries(mlps).map(([name, size]) => [name, () => mlpStep(size)])),
  cnn: cnnStep,
  adam: kernels.adamStep,
  copy: kernels.copy,
  chain: kernels.chain,
  'chain-exp': kernels.chainExp,
  softmax: kernels.softmax,
  sum: kernels.sum,
  fft: kernels.fft,
  cholesky: kernels.cholesky,
  lstsq: kernels.lstsq,
  gather: kernels.gather,
  'segment-sum': kernels.segmentSum,
  eager: kernels.eager,
  'jit-call': kernels.jitCall,
  compile: compiling,
  bits: kernels.bits,
  normals: kernels.normals,
  forward: forwardPass,
  'forward-gradient': () => creditStep('forward-gradient'),
  backprop: () => creditStep('backprop'),
  'direct-feedback-alignment': () => creditStep('direct-feedback-alignment'),
};

export const ours: Peer = {
  name: 'ours',
  async prepare(workload): Promise<Contender | null> {
    const make = makers[workload];
    return make === undefined ? null : calling('ours', make());
  },
};

/** Our side of every workload. */
import type { Contender, Peer } from '../contender.ts';
import { mlps } from '../workloads.ts';
import { creditStep, forwardPass } from './credit.ts';
import * as kernels from './kernels.ts';
import { cnnStep, compiling, mlpStep } from './nets.ts';
import { lstmStep, transformerStep } from './sequences.ts';

/** Work, and the bytes of its plan where there is one. */
type Work = (() => unknown) & { readonly peakBytes?: number };

const makers: Readonly<Record<string, () => Work>> = {
  ...Object.fromEntries([64, 256, 512, 1024].map((n) => [`matmul-${n}`, () => kernels.matmul(n)])),
  ...Object.fromEntries(Object.entries(mlps).map(([name, size]) => [name, () => mlpStep(size)])),
  cnn: cnnStep,
  lstm: lstmStep,
  transformer: transformerStep,
  'scan-tiny': kernels.tinyScan,
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
    if (make === undefined) return null;
    const work = make();
    return { name: 'ours', work, peakBytes: work.peakBytes };
  },
};

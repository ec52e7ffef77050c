/** What inference looks like under the three conditions: errors that travel one layer a step, and an energy that does not fall. */
import { levelled, networkOf } from '../../methods/energy/build.ts';
import { type WaveStep, zeroDivergenceCredit } from '../../methods/predictive-coding/zero-divergence.ts';
import { lineChart } from '../../plot/index.ts';
import { norm, numbersOf } from '../ebm-infinitesimal-limit/measure.ts';
import { above, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { chainNet, gaussianCall } from './setting.ts';

interface Trace {
  /** Norm of the error of each layer, from the input on, at each step. */
  readonly errors: readonly (readonly number[])[];
  /** ½·Σ‖ε‖² at each step. */
  readonly energies: readonly number[];
}

/** Values and errors of a network of eight weight layers at every step of Z-IL. */
const trace = (lab: Lab): Promise<Trace> =>
  lab.once('trace of inference', () =>
    lab.f64(() => {
      const call = gaussianCall(lab, chainNet(7, 'tanh'), { seed: 0 });
      const steps: WaveStep[] = [];
      const net = levelled(networkOf(call.model, 'before'));
      zeroDivergenceCredit(call, net, { step: 1, timing: 'own', startNoise: 0 }, (step) => steps.push(step));
      const errors = steps.map((step) => step.errors.map((e) => norm(numbersOf(e))));
      drawErrors(lab, errors);
      return { errors, energies: steps.map(({ energy }) => energy.item()) };
    }),
  );

function drawErrors(lab: Lab, errors: Trace['errors']): void {
  const layers = errors[0]!.map((_, i) => i);
  const series = layers.map((i) => ({ name: `layer ${i}`, points: errors.map((row, t) => ({ x: t, y: row[i]! })) }));
  const svg = lineChart(series, {
    title: 'Errors travel one layer a step',
    x: { label: 'step of inference' },
    y: { label: 'norm of the error' },
  });
  lab.figure('error-wave', 'Z-IL in a chain of eight weight layers of tanh units; layers count from the input.', svg);
}

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

export const waveClaims: readonly Claim[] = [
  claim(
    'silence-below-the-wave',
    'At step t every layer deeper than t has an error of exactly 0: the number of those that have not, in eight layers over eight steps.',
    {
      unit: 'layers',
      threshold: exactly(0),
      async measure(lab) {
        const { errors } = await trace(lab);
        const last = errors[0]!.length - 1;
        return errors.reduce((n, row, t) => n + row.filter((e, i) => last - i > t && e !== 0).length, 0);
      },
    },
  ),
  claim(
    'energy-does-not-fall',
    'With steps of 1 inference does not descend the energy: at the last step it stands above where it began (the critique of Zahid, Guo and Fountas).',
    {
      kind: 'report',
      unit: '×',
      threshold: above(1),
      async measure(lab) {
        const { energies } = await trace(lab);
        return energies.at(-1)! / energies[0]!;
      },
    },
  ),
];

/** Check 7: whether neuron swarms leave the local minima of XOR that plain swarms and backprop end in. */
import { logGrid } from '../../run/index.ts';
import { above, atLeast, type Claim, claimsIn } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type Inputs, type XorPlan, xorByBackprop, xorByNeurons, xorByPlain } from './xor.ts';

/** Spread and largest velocity of wide swarms. */
const WIDE = { spread: 5, vmax: 5 } as const;

/** Candidates of 60 sweeps over the 4 neurons. */
const candidates = (k: number): number => 4 * (k + 1 + 59 * (2 * k + 1));

const planOf = (lab: Lab, inputs: Inputs): XorPlan => ({
  inputs,
  seeds: lab.pick(100, 200),
  key: lab.words(`xor ${inputs}`),
});

interface Shares {
  readonly neurons: number;
  readonly plain: number;
  readonly own: number;
  readonly backprop: number;
}

const shares = (lab: Lab, inputs: Inputs, particles: number): Promise<Shares> =>
  lab.once(`xor ${inputs} ${particles}`, () => {
    const plan = planOf(lab, inputs);
    lab.step(`XOR ${inputs}: neuron swarms`);
    const neurons = xorByNeurons(plan, { ...WIDE, particles });
    lab.step(`XOR ${inputs}: plain swarms`);
    const plain = xorByPlain(plan, { ...WIDE, particles }, candidates(particles));
    const own = xorByPlain(plan, { ...WIDE, particles: 30, start: 'uniform' }, candidates(particles));
    lab.step(`XOR ${inputs}: backprop`);
    // Rates tried for backprop; the best of them on the four rows themselves counts, which favours it.
    const byRate = logGrid(lab.pick(1, 3), 0.02, 0.5).map((rate) => xorByBackprop(plan, rate));
    const found = { neurons, plain, own, backprop: Math.max(...byRate) };
    lab.table(
      `xor-${inputs}-${particles}`,
      `XOR 2-2-2 with inputs ${inputs}, wide swarms of ${particles}: share of ${plan.seeds} seeds with all rows right`,
      ['search', 'share'],
      Object.entries(found).map(([name, value]) => [name, value.toFixed(3)]),
    );
    return found;
  });

const rival = ({ plain, own, backprop }: Shares): number => Math.max(plain, own, backprop);

const claim = claimsIn('learning', 'share');

const FULL = { scales: ['full'] } as const satisfies Partial<Claim>;

const wideClaims = (inputs: Inputs, particles: number, rest: Partial<Claim>): Claim[] => [
  claim(
    `xor-${inputs}`,
    `Wide swarms of ${particles} get all rows of XOR right (inputs ${inputs}, 2-2-2, 60 sweeps): share of seeds.`,
    atLeast(0.85),
    async (lab) => (await shares(lab, inputs, particles)).neurons,
    rest,
  ),
  claim(
    `xor-${inputs}-ahead`,
    `That is ahead of plain swarms as wide with as many candidates, and of backprop (inputs ${inputs}).`,
    atLeast(0.1),
    async (lab) => {
      const found = await shares(lab, inputs, particles);
      return found.neurons - rival(found);
    },
    rest,
  ),
];

export const escapeClaims: readonly Claim[] = [
  ...wideClaims('plus-minus', 20, {}),
  ...wideClaims('zero-one', 40, FULL),
  claim(
    'xor-defaults-do-not-escape',
    'The defaults (10 particles, spread 1, vmax 1) do not escape more often than not by much: share of seeds on {0, 1} that fail.',
    above(0.25),
    (lab) => 1 - xorByNeurons(planOf(lab, 'zero-one'), {}),
    FULL,
  ),
  claim(
    'xor-from-wide-starts',
    'Starting backprop widely, from U(−4, 4), does not help it: wide neuron swarms are ahead on {0, 1}.',
    atLeast(0.1),
    async (lab) => (await shares(lab, 'zero-one', 40)).neurons - xorByBackprop(planOf(lab, 'zero-one'), 0.05, 4),
    FULL,
  ),
];

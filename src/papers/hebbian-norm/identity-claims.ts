/** Check 1: what Hebbian updates keep, and what they do to the length of the output, to first order. */
import { cast, type FloatDtype, gt, jit, jvp, mean, ne, sum, type Tensor } from '../../engine/index.ts';
import { activities, hebbianUpdate, logNorm, outputOf } from '../../methods/hebbian/network.ts';
import { classDirection, response } from '../../methods/hebbian/response.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { digits, firstNetwork, images, learnOnline, normGains, ofLabel, testRows } from './setting.ts';

const F64: FloatDtype = 'f64';
const gap = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();

/** Twenty images of one label, 200 test images, f64. */
const setting = (lab: Lab) =>
  lab.once('identity setting', () =>
    lab.f64(async () => {
      const all = await digits(lab);
      const net = firstNetwork(lab, 0, 2, F64);
      return { net, own: images(ofLabel(all, 3, 20), F64), x: images(testRows(all, 200), F64) };
    }),
  );

interface Deviations {
  readonly all: number;
  /** Over the images for which no hidden unit switched on or off. */
  readonly steady: number;
}

/** ln(‖o_c‖/‖o‖)/η beside R: the largest relative differences. */
const deviations = (lab: Lab, eta: number): Promise<Deviations> =>
  lab.once(`deviation ${eta}`, () =>
    lab.f64(async () => {
      const { net, own, x } = await setting(lab);
      const inner = learnOnline(lab, { net, eta }, own.reshape([20, 1, 784]));
      const gains = Array.from(normGains(net, inner, x).readSync());
      const first = response(net, classDirection(net, own, 'mean'), x).readSync();
      const apart = gains.map((g, i) => Math.abs(Math.log1p(g) / 2 / eta / first[i]! - 1));
      const after = { ...net, weights: [net.weights[0]!, inner[0]!.reshape([784, 784]), net.weights[2]!] };
      const [before, now] = [net, after].map((n) => gt(activities(n, 'relu', x)[1]!, 0)) as [Tensor, Tensor];
      const switched = sum(cast(ne(cast(before, F64), cast(now, F64)), F64), 1).readSync();
      return { all: Math.max(...apart), steady: Math.max(...apart.filter((_, i) => switched[i] === 0)) };
    }),
  );

const deviation = async (lab: Lab, eta: number): Promise<number> => (await deviations(lab, eta)).all;

/** The scalar form of the correction, and the mean of the weights, after 20 updates with a large η. */
const corrected = (lab: Lab) =>
  lab.once('corrected', () =>
    lab.f64(async () => {
      const { net, own } = await setting(lab);
      const eta = 1e-3;
      const [ours] = learnOnline(lab, { net, eta }, own.reshape([20, 1, 784]));
      let w = net.weights[1]!;
      const step = jit((now: Tensor, x: Tensor) => {
        const [pre, post] = activities({ ...net, weights: [net.weights[0]!, now, net.weights[2]!] }, 'relu', x) as [
          Tensor,
          Tensor,
        ];
        return now.add(hebbianUpdate(pre.reshape([784]), post.reshape([784]), now, eta, 'mean'));
      });
      for (let t = 0; t < 20; t++) w = step(w, own.slice([t, 0], [t + 1, 784]));
      return { explicit: gap(ours!.reshape([784, 784]), w), mean: gap(mean(w), mean(net.weights[1]!)) };
    }),
  );

async function byJvp(lab: Lab): Promise<number> {
  const { net, own, x } = await setting(lab);
  return lab.f64(() => {
    const direction = classDirection(net, own, 'mean');
    const norm = (w: Tensor): Tensor =>
      logNorm(outputOf({ ...net, weights: [net.weights[0]!, w, net.weights[2]!] }, 'relu', x));
    const [, slope] = jvp(norm, net.weights[1]!, direction);
    return gap(slope, response(net, direction, x));
  });
}

const identity = (
  id: string,
  sentence: string,
  limit: number,
  measure: Claim['measure'],
  rest: Partial<Claim> = {},
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  threshold: atMost(limit),
  expected: 'holds',
  measure,
  ...rest,
});

export const identityClaims: readonly Claim[] = [
  identity(
    'mean-kept',
    'The correction by the mean keeps the mean of the hidden matrix through 20 updates: largest change.',
    1e-15,
    async (lab) => (await corrected(lab)).mean,
  ),
  identity(
    'scalar-correction',
    'One number a unit in the place of W − mean(ΔW) gives the explicit matrix: largest difference.',
    1e-12,
    async (lab) => (await corrected(lab)).explicit,
  ),
  identity(
    'first-order-1e-6',
    'The relative growth of the output’s length over η is R(x) at η = 1e-6: largest relative deviation on 200 test images.',
    2e-5,
    (lab) => deviation(lab, 1e-6),
    {
      expected: 'not reproduced',
      why: 'With this first network a hidden unit of one of the images lies so near to its threshold that it switches at η = 1e-6; over the others the deviation is within the threshold (next claim), and at η = 1e-8 over all.',
    },
  ),
  identity(
    'first-order-1e-6-steady',
    'The same over the images for which no hidden unit switched on or off.',
    2e-5,
    async (lab) => (await deviations(lab, 1e-6)).steady,
  ),
  identity('first-order-1e-8', 'The same at η = 1e-8.', 2e-7, (lab) => deviation(lab, 1e-8), { scales: ['full'] }),
  identity(
    'proportional',
    'The deviation is proportional to η where no unit switched: ratio of both over 100, less 1.',
    0.2,
    async (lab) => Math.abs((await deviations(lab, 1e-6)).steady / (await deviations(lab, 1e-8)).steady / 100 - 1),
    { scales: ['full'] },
  ),
  identity(
    'response-by-jvp',
    'R(x) is the directional derivative of ln‖o‖ along the label’s direction: largest difference.',
    1e-10,
    byJvp,
  ),
];

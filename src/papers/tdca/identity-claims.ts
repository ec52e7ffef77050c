/** Check 1: with the credits that backprop sends the lower level is backprop; with the delta rule only the output learns; no derivative is taken. */
import { countRules, grad, log, neg, random, sub, type Tensor } from '../../engine/index.ts';
import { backpropCredits, chanceOfTruth, drawNets, forward, type Nets, update } from '../../methods/top-down/bottom-up.ts';
import { linearTopDown, type TopDownShape, topDownCredits } from '../../methods/top-down/top-down.ts';
import { numbersOf } from '../../methods/testing/cases.ts';
import { atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const STEPS = 50;
const BATCH = 16;

interface Drawn {
  readonly nets: Nets;
  readonly batches: readonly { readonly x: Tensor; readonly t: Tensor }[];
  readonly outputs: number;
}

/** A small network and targets of a teacher, in the default dtype. */
function draw(lab: Lab, outputs: number): Drawn {
  const [forNets, forTeacher, forX] = random.split(lab.key('identity', outputs), 3) as [Tensor, Tensor, Tensor];
  const widths = [6, 9, outputs];
  const teacher = drawNets(forTeacher, [], widths);
  const batches = Array.from({ length: STEPS }, (_, i) => {
    const x = random.normal(random.foldIn(forX, i), [BATCH, 6]);
    const { output } = forward(teacher, x);
    const t = outputs === 1 ? output.greater(0.5) : output.equal(output.max(-1, { keepDims: true }));
    return { x, t: t.cast(x.dtype) };
  });
  return { nets: drawNets(forNets, [], widths), batches, outputs };
}

/** Credit of the rules on one network, compiled as a user's training loop compiles it. */
import * as c from '../../src/engine/index.ts';
import { ruleNamed } from '../../src/methods/index.ts';
import type { CreditRule } from '../../src/methods/rule.ts';
import { crossEntropy, dense, type Model, model, type Tree } from '../../src/nn/index.ts';
import { labels, numbers } from '../contender.ts';

const network = (): Model =>
  model(
    [784],
    [dense({ units: 500, activation: 'relu' }), dense({ units: 500, activation: 'relu' }), dense({ units: 10 })],
  );

const batchOf = () => ({ x: c.tensor(numbers(64 * 784, 9)).reshape([64, 784]), y: c.tensor(labels(64, 10)) });

/** One call computes the credit of a rule for one batch. */
export function creditStep(name: string): () => void {
  const rule = ruleNamed(name) as CreditRule<Tree>;
  const net = network();
  const { params, state: modelState } = net.initialise(c.random.key(1));
  const state = rule.init(net, params, c.random.key(2));
  const batch = batchOf();
  const key = c.random.key(3);
  const loss = crossEntropy();
  const step = c.jit((p: Tree, s: Tree, b: typeof batch, k: c.Tensor) => {
    const result = rule.credit({ model: net, loss, params: p, modelState, state: s, batch: b, key: k });
    return (result as { credit: Tree }).credit;
  });
  return () => c.scoped(() => void step(params, state, batch, key));
}

/** The forward pass and the loss alone. */
export function forwardPass(): () => void {
  const net = network();
  const { params, state: modelState } = net.initialise(c.random.key(1));
  const batch = batchOf();
  const loss = crossEntropy();
  const step = c.jit((p: Tree, b: typeof batch) => loss.value(net.apply(p, modelState, b.x, { train: false })[0], b));
  return () => c.scoped(() => void step(params, batch));
}

/** Settings that suit a task when none are asked for. */

/** Learning rates of Adam by rule, for the built-in digits and the two-layer network of `mlp`. */
export const learningRates: Readonly<Record<string, number>> = {
  backprop: 1e-3,
  default: 1e-3,
};

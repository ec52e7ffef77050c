/** Reverse mode with the rules of chosen ops replaced, on a function that knows nothing of it. */
import { isFloat } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind } from '../trace.ts';
import { vjp } from './api.ts';
import { bindSaved, bindWithRule, type PullRule, type SavedRule } from './pull-node.ts';
import { type Application, CachedRewriter } from './rewrite.ts';

/** A rule for the ops with this name, or below this scope path, or both. */
export interface PullOverride {
  readonly op?: string;
  readonly scope?: string;
  readonly pull: PullRule;
}

/** Rules by op name, or a list of which the first that fits an op is used. */
export type PullRules = Readonly<Record<string, PullRule>> | readonly PullOverride[];

/** What ops keep for reverse mode: by op name the name of one of the op's own variants, or residuals with the rule that reads them. */
export type KeepPolicy = Readonly<Record<string, string | SavedRule>>;

/**
 * Returns f with other pullbacks for chosen ops: forwards nothing changes, in reverse mode each such op asks its rule instead of its derivative.
 *
 * Works under grad, vjp, vmap and jit, and inside jit, checkpoint, cond and scan; forward mode through a replaced op is refused. Functions with derivatives of their own (customVjp, customJvp, linearCall)
 * keep them, and derivatives taken inside f are exact. A rule that fits no op is a ConfigError.
 */
export function withPulls<A extends unknown[], R>(rules: PullRules, f: (...args: A) => R): (...args: A) => R {
  const list: readonly PullOverride[] = Array.isArray(rules)
    ? (rules as readonly PullOverride[])
    : Object.entries(rules as Readonly<Record<string, PullRule>>).map(([op, pull]) => ({ op, pull }));
  for (const { op, scope } of list)
    if (op === undefined && scope === undefined)
      throw new ConfigError('withPulls: a rule names neither an op nor a scope', { help: "give { op: 'relu', pull }" });
  return rewritten('withPulls', list, f, (i, call) => bindWithRule(list[i]!.pull, call));
}

/** The value and the pullback of f with other rules for chosen ops: `vjpWith({ relu: guided }, f)(x)`. */
export const vjpWith =
  <P, R>(rules: PullRules, f: (x: P) => R): ((x: P) => [value: R, pull: (ct: R) => P]) =>
  (x) =>
    vjp(withPulls(rules, f), x);

/** Returns f whose chosen ops keep something else for reverse mode: `keep({ relu: 'mask' }, f)` keeps one bit per unit where f has relu. */
export function keep<A extends unknown[], R>(policy: KeepPolicy, f: (...args: A) => R): (...args: A) => R {
  const entries = Object.entries(policy);
  return rewritten(
    'keep',
    entries.map(([op]) => ({ op })),
    f,
    (i, call) => {
      const [name, choice] = entries[i]!;
      return typeof choice === 'string' ? variantOf(name, choice, call) : bindSaved(choice, call);
    },
  );
}

function variantOf(name: string, choice: string, { op, inputs, params }: Application): readonly Tensor[] {
  const known = op.keeps?.() ?? {};
  const variant = known[choice];
  if (variant === undefined)
    throw new ConfigError(`keep: ${name} cannot keep ${JSON.stringify(choice)}`, {
      op: name,
      help: `it knows ${Object.keys(known).join(', ') || 'no variants'}; or give { save, pull }`,
    });
  return bind(variant, inputs, params);
}

type Target = Pick<PullOverride, 'op' | 'scope'>;

const isIn = (path: string, scope: string): boolean => path === scope || path.startsWith(`${scope}/`);

const fits = ({ op, scope }: Target, name: string, path: string): boolean =>
  (op === undefined || op === name) && (scope === undefined || isIn(path, scope));

/** f with the first fitting target's replacement at every op that varies. */
function rewritten<A extends unknown[], R>(
  name: string,
  targets: readonly Target[],
  f: (...args: A) => R,
  replace: (target: number, call: Application) => readonly Tensor[],
): (...args: A) => R {
  const used = new Set<number>();
  const seen = new Set<string>();
  const find = (op: Op, scope: string): number => targets.findIndex((t) => fits(t, op.name, scope));
  const rewriter = new CachedRewriter({
    matches: (op, scope) => find(op, scope) >= 0,
    rewrite: (call) => {
      seen.add(call.op.name);
      const i = isVarying(call) ? find(call.op, call.scope) : -1;
      if (i < 0) return null;
      used.add(i);
      return replace(i, call);
    },
  });
  return (...args) => {
    const result = rewriter.run(() => f(...args));
    targets.forEach((target, i) => {
      if (!used.has(i)) refuseUnused(name, target, seen);
    });
    return result;
  };
}

/** Ops of integers, and those that hold graphs, have no pullback to replace. */
const isVarying = ({ op, inputs }: Application): boolean =>
  op.inline === undefined && op.jvp !== undefined && inputs.some((x) => isFloat(x.dtype));

function refuseUnused(name: string, { op, scope }: Target, seen: ReadonlySet<string>): never {
  const what = [op === undefined ? [] : [`the op ${op}`], scope === undefined ? [] : [`the scope ${scope}`]].flat();
  throw new ConfigError(`${name}: the function applies nothing that fits ${what.join(' in ')}`, {
    op,
    scope,
    help: `it applies ${[...seen].sort().join(', ')}`,
  });
}

/** The registry finds rules by every name and helps with wrong ones. */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/index.ts';
import { factories, ruleNamed, rules } from './index.ts';

const caught = (name: string): ConfigError => {
  try {
    ruleNamed(name);
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error(`"${name}" was not refused`);
};

describe('the registry', () => {
  it('is sorted by id, and each entry is what its key says', () => {
    const ids = Object.keys(factories);
    expect(ids).toEqual([...ids].sort());
    expect(rules.map((make) => make().id)).toEqual(ids);
  });

  it('has no name twice', () => {
    const names = rules.flatMap((make) => [make().id, ...make().aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ['dfa', 'direct-feedback-alignment'],
    ['fa', 'feedback-alignment'],
    ['spsa', 'weight-perturbation'],
    ['backprop', 'backprop'],
  ])('finds %s', (name, id) => {
    expect(ruleNamed(name).id).toBe(id);
  });

  it.each([
    ['bakcprop', ['backprop']],
    ['forward', ['forward-gradient']],
    ['feedback-aligment', ['feedback-alignment']],
    ['dfs', ['dfa']],
  ])('offers names near %s', (wrong, near) => {
    expect(caught(wrong).details.near).toEqual(expect.arrayContaining(near));
    expect(caught(wrong).message).toContain(`did you mean ${(caught(wrong).details.near as string[]).join(' or ')}?`);
  });

  it('lists all rules where nothing is near', () => {
    expect(caught('hydrodynamics').message).toContain(Object.keys(factories).slice(0, 5).join(', '));
  });
});

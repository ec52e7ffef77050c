import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TreeError } from './errors.ts';
import * as t from './tree.ts';

class Leaf {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}

const { tree: trees } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.nat().map((id) => new Leaf(id)),
    fc.constantFrom(null, undefined),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('b', 'a', 'Z', '10', '9', 'ä'), tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

describe('flatten and unflatten', () => {
  it('are inverse to one another', () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const [leaves, def] = t.flatten(tree);
        expect(t.unflatten(def, leaves)).toStrictEqual(tree);
        expect(def.count).toBe(leaves.length);
        expect(def.paths).toHaveLength(leaves.length);
      }),
    );
  });

  it('take keys in code-unit order and give them back in the order of the user', () => {
    const tree = { b: 1, a: { z: 2, Z: 3 } };
    const [leaves, def] = t.flatten(tree);
    expect(leaves).toEqual([3, 2, 1]);
    expect(def.paths).toEqual(['.a.Z', '.a.z', '.b']);
    expect(JSON.stringify(t.unflatten(def, ['p', 'q', 'r']))).toBe('{"b":"r","a":{"z":"q","Z":"p"}}');
  });

  it('count from a place in a longer list', () => {
    expect(t.structureOf([0, { a: 0 }]).build(['x', 'y', 'z'], 1)).toEqual(['y', { a: 'z' }]);
  });

  it('refuse a wrong number of leaves', () => {
    expect(() => t.unflatten(t.structureOf([0, 0]), [1])).toThrow(TreeError);
  });

  it('take instances of classes as leaves and objects without prototype as branches', () => {
    const bare = Object.assign(Object.create(null), { x: 1 });
    expect(t.leavesOf([new Leaf(1), bare, new Map()])).toEqual([new Leaf(1), 1, new Map()]);
  });
});

describe('keys of structures', () => {
  it('are equal exactly for equal structures', () => {
    const mark = (tree: unknown): unknown => t.mapTree(() => '*', tree);
    fc.assert(
      fc.property(trees, trees, (x, y) => {
        const isSame = JSON.stringify(sorted(mark(x))) === JSON.stringify(sorted(mark(y)));
        expect(t.structureOf(x).key === t.structureOf(y).key).toBe(isSame);
      }),
    );
  });

  it('tell apart what looks alike', () => {
    const keys = [[], {}, null, undefined, 0, [[]], [0, 0], [[0], 0], { a: 0 }, { 'a":*,"b': 0 }, { a: 0, b: 0 }];
    expect(new Set(keys.map((x) => t.structureOf(x).key)).size).toBe(keys.length);
  });
});

/** Undefined is written out and keys are sorted, so that JSON compares structures. */
function sorted(tree: unknown): unknown {
  if (tree === undefined) return { undefined: true };
  if (Array.isArray(tree)) return tree.map(sorted);
  if (tree === null || typeof tree !== 'object') return tree;
  const entries = Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1));
  return { object: entries.map(([k, v]) => [k, sorted(v)]) };
}

describe('mapTree', () => {
  it('visits leaves in order and keeps the shape of the first tree', () => {
    const seen: number[] = [];
    const visit = (a: number, b: number): number => {
      seen.push(a);
      return a * b;
    };
    expect(t.mapTree(visit as never, { b: [1, 2], a: 3, c: null }, { a: 10, b: [20, 30], c: null })).toEqual({
      b: [20, 60],
      a: 30,
      c: null,
    });
    expect(seen).toEqual([3, 1, 2]);
  });

  it('names the place where trees differ', () => {
    const add = ((a: number, b: number) => a + b) as never;
    expect(() => t.mapTree(add, { w: [1, 2] }, { w: [1] })).toThrow(
      /differ at \.w: an array of 2 beside an array of 1/,
    );
    expect(() => t.mapTree(add, { w: 1 }, { v: 1 })).toThrow(/differ at the root: an object with keys w beside/);
    expect(() => t.mapTree(add, { w: 1 }, { w: [1] })).toThrow(/differ at \.w/);
    expect(() => t.mapTree(add, { w: null }, { w: 1 })).toThrow(/differ at \.w: null beside a leaf/);
  });
});

import { describe, expect, it } from 'vitest';
import { at, atLeast, atMost, type Claim, definePaper, exactly, satisfies } from './claim.ts';
import { Lab } from './lab.ts';
import { isUnexpected, reproduce } from './runner.ts';

const claim = (over: Partial<Claim> & Pick<Claim, 'id' | 'measure'>): Claim => ({
  kind: 'identity',
  sentence: 'One is one.',
  published: 1,
  unit: '',
  threshold: exactly(1),
  expected: 'holds',
  ...over,
});

const paperOf = (...claims: Claim[]) =>
  definePaper({
    slug: 'made-up',
    title: 'Made up',
    citation: { authors: 'Nobody', title: 'Made up', year: 2026 },
    summary: 'A paper for tests.',
    methods: [],
    claims,
  });

describe('a threshold', () => {
  it('is satisfied by no NaN', () => {
    for (const op of ['>=', '<=', '>', '<', '=='] as const) expect(satisfies(Number.NaN, { op, value: 0 })).toBe(false);
  });
  it('may differ from scale to scale', () => {
    expect(at({ quick: atMost(2), full: atMost(1) }, 'full')).toEqual(atMost(1));
    expect(at(atMost(3), 'quick')).toEqual(atMost(3));
    expect(at('holds', 'quick')).toBe('holds');
  });
});

describe('a run of a paper', () => {
  it('shares an experiment between claims and gives equal keys to equal names', async () => {
    let runs = 0;
    const measure = async (lab: Lab) => lab.once('shared', () => ++runs);
    const result = await reproduce(paperOf(claim({ id: 'a', measure }), claim({ id: 'b', measure })), {
      scale: 'quick',
    });
    expect(runs).toBe(1);
    expect(result.summary).toMatchObject({ claims: 2, hold: 2, unexpected: 0 });
    const [one, other] = [new Lab({ scale: 'quick' }), new Lab({ scale: 'full' })];
    expect(one.words('weights', 3)).toEqual(other.words('weights', 3));
    expect(one.words('weights', 3)).not.toEqual(one.words('weights', 4));
  });

  it('keeps the reason of a claim that throws, and calls it unexpected', async () => {
    const broken = claim({ id: 'a', expected: 'not reproduced', measure: () => Promise.reject(new Error('no data')) });
    const { claims } = await reproduce(paperOf(broken), { scale: 'quick' });
    expect(claims[0]).toMatchObject({ measured: null, holds: false, failure: 'no data' });
    expect(isUnexpected(claims[0]!)).toBe(true);
  });

  it('calls what was expected not to hold and holds unexpected, a timing never', async () => {
    const measure = () => 2;
    const result = await reproduce(
      paperOf(
        claim({ id: 'fails', measure }),
        claim({ id: 'honest', measure, expected: 'not reproduced' }),
        claim({ id: 'slow', kind: 'timing', measure, threshold: atLeast(10) }),
        claim({ id: 'full-only', measure, scales: ['full'] }),
      ),
      { scale: 'quick' },
    );
    expect(result.claims.map((c) => c.id)).toEqual(['fails', 'honest', 'slow']);
    expect(result.claims.map(isUnexpected)).toEqual([true, false, false]);
  });

  it('stops where its signal says so', async () => {
    const stop = new AbortController();
    const measure = (lab: Lab) => {
      stop.abort(new Error('enough'));
      lab.step('on');
      return 1;
    };
    const run = reproduce(paperOf(claim({ id: 'a', measure })), { scale: 'quick', signal: stop.signal });
    await expect(run).rejects.toThrow('enough');
  });
});

import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { balancedAccuracy, confusionMatrix, rocAuc } from './classification.ts';
import { areaUnderCurve, performanceProfile, stepsToTarget } from './curve.ts';

describe('measures of classifiers', () => {
  it('count truth by prediction', () => {
    expect(confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2], 3)).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
    expect(() => confusionMatrix([0, 3], [0, 0], 3)).toThrow('sample 1: class 3');
    expect(() => confusionMatrix([0], [0.5], 3)).toThrow(ConfigError);
  });

  it('weigh classes alike: recalls ½, 1 and ⅔', () => {
    expect(balancedAccuracy([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 2])).toBeCloseTo((1 / 2 + 1 + 2 / 3) / 3, 14);
    expect(balancedAccuracy([7, 7, 7, 9], [7, 7, 7, 7])).toBe(0.5);
  });

  it('AUC is the share of pairs in order, ties half', () => {
    expect(rocAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])).toBe(0.75);
    const labels = Array.from({ length: 40 }, (_, i) => ((i * 7) % 3 === 0 ? 1 : 0));
    const scores = labels.map((v, i) => ((i * 13) % 8) + v);
    let [won, pairs] = [0, 0];
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        pairs++;
        won += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }
    }
    expect(rocAuc(labels, scores)).toBeCloseTo(won / pairs, 14);
    expect(rocAuc([0, 1], [3, 3])).toBe(0.5);
  });

  it('AUC refuses one class alone and other labels', () => {
    expect(() => rocAuc([1, 1], [0, 1])).toThrow('2 ones and 0 zeros');
    expect(() => rocAuc([0, 2], [0, 1])).toThrow('label 1 is 2');
    expect(() => rocAuc([0, 1], [0])).toThrow(ShapeError);
  });
});

describe('curves', () => {
  it('have the area of their trapezoids', () => {
    expect(areaUnderCurve([0, 1, 3], [0, 2, 4])).toBe(1 + 6);
    expect(areaUnderCurve([2], [5])).toBe(0);
    expect(() => areaUnderCurve([0, 2, 1], [1, 1, 1])).toThrow('falls from 2 to 1');
  });

  it('meet a target at the first index that holds', () => {
    const loss = [3, 1, 2, 1, 0.5, 0.6];
    expect(stepsToTarget(loss, 1)).toBe(1);
    expect(stepsToTarget(loss, 1, { hold: 2 })).toBe(3);
    expect(stepsToTarget(loss, 0.1)).toBeNull();
    expect(stepsToTarget([0.2, NaN, 0.9], 0.9, { direction: 'climb' })).toBe(2);
    expect(() => stepsToTarget(loss, 1, { hold: 0 })).toThrow(ConfigError);
  });
});

describe('performance profiles', () => {
  it('are shares of problems within a ratio of the best', () => {
    const profile = performanceProfile([
      [1, 4, Infinity],
      [2, 2, 5],
    ]); // ratios: solver 0: 1, 2, ∞; solver 1: 2, 1, 1
    expect(profile.at(1)).toEqual([1 / 3, 2 / 3]);
    expect(profile.at(2)).toEqual([2 / 3, 1]);
    expect(profile.at(1e9)).toEqual([2 / 3, 1]);
    expect(profile.ratios).toEqual([1, 2]);
  });

  it('refuse gaps and costs that are not positive', () => {
    expect(() => performanceProfile([[1, 2], [1]])).toThrow(ShapeError);
    expect(() => performanceProfile([[1, 0]])).toThrow('positive costs, got 0');
  });
});

/** No model code knows of a rule: neither the id nor the camel-cased name of any rule or learner stands in src/nn, in code, in strings or in comments. */
import { describe, expect, it } from 'vitest';
import { factories, learners } from '../src/methods/index.ts';
import { isTest, parse, type SourceFile, sourcesIn } from './guards/source.ts';

const camelCase = (id: string): string => id.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const names = [...Object.keys(factories), ...Object.keys(learners)].flatMap((id) => [id, camelCase(id)]);
const pattern = new RegExp(`\\b(${[...new Set(names)].join('|')})\\b`, 'i');

const mentions = (files: readonly SourceFile[]): string[] =>
  files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );

describe('model code', () => {
  const models = sourcesIn('src/nn').filter((file) => !isTest(file));

  it('mentions no rule', () => {
    expect(models.length).toBeGreaterThan(20);
    expect(mentions(models)).toEqual([]);
  });

  it.each([
    "import { feedbackAlignment } from '../methods/feedback-alignment.ts';",
    "if (rule.id === 'equilibrium-propagation') return;",
    '// what backprop needs',
  ])('would be caught: %s', (line) => {
    expect(mentions([parse('src/nn/dense.ts', `\n${line}\n`)])).toEqual([`src/nn/dense.ts:2 ${line}`]);
  });
});

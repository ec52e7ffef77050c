/** Every paper has its file, its test and well-formed claims; docs/RESULTS.md is what its records say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../scripts/entries.ts';
import { learners, rules } from '../src/methods/index.ts';
import { paperNamed, paperSlugs } from '../src/papers/index.ts';
import { at, type Claim } from '../src/papers/ledger/claim.ts';
import { readRecords } from '../src/papers/ledger/record.ts';
import { resultsPage } from '../src/papers/ledger/results.ts';

const folder = join(repository, 'src/papers');
const scales = ['quick', 'full'] as const;
const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What is wrong with a claim. */
function faults(claim: Claim): string[] {
  const { id, sentence, scales: measuredAt = scales } = claim;
  return [
    ...(kebab.test(id) ? [] : ['its id is not in kebab case']),
    ...(/^\S.{9,}[.?]$/s.test(sentence) ? [] : ['its sentence is none']),
    ...measuredAt.flatMap((scale) => [
      ...(Number.isFinite(at(claim.threshold, scale).value) ? [] : [`its ${scale} threshold is not a finite number`]),
      ...(at(claim.expected, scale) === 'holds' || (claim.why ?? '').length > 20
        ? []
        : [`it is not expected to hold at ${scale} scale and does not say why`]),
    ]),
  ].map((fault) => `${id}: ${fault}`);
}

describe('the registry of papers', () => {
  it('is in the order of the alphabet and complete', () => {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'index.ts')
      .map((name) => name.slice(0, -3));
    expect(paperSlugs).toEqual([...paperSlugs].sort());
    expect([...paperSlugs]).toEqual(files.sort());
  });

  it.each(paperSlugs)('%s states its claims well and tests the quick ones', async (slug) => {
    const paper = await paperNamed(slug);
    expect(paper.slug).toBe(slug);
    expect(slug).toMatch(kebab);
    expect(paper.claims.flatMap(faults)).toEqual([]);
    const ids = paper.claims.map((c) => c.id);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(paper.claims.length).toBeGreaterThan(0);
    const test = join(folder, `${slug}.test.ts`);
    expect(existsSync(test) && readFileSync(test, 'utf8').includes('testClaims(paper)')).toBe(true);
  });

  it.each(paperSlugs)('%s names methods that exist', async (slug) => {
    const known = [...rules.map((make) => make().id), ...Object.keys(learners)];
    expect((await paperNamed(slug)).methods.filter((id) => !known.includes(id))).toEqual([]);
  });
});

describe('docs/RESULTS.md', () => {
  it('is what the records in docs/results say (npm run results writes it)', async () => {
    const page = join(repository, 'docs/RESULTS.md');
    const records = await readRecords(join(repository, 'docs/results'));
    expect(existsSync(page) ? readFileSync(page, 'utf8') : '').toBe(records.length === 0 ? '' : resultsPage(records));
  });
});

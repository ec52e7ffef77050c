import { defineConfig } from 'vitest/config';
import { libraryEntries, repository } from './scripts/entries.ts';

const alias = libraryEntries().map(({ subpath, source }) => ({
  find: new RegExp(`^cotangent${subpath.slice(1)}$`),
  replacement: `${repository}${source}`,
}));

export default defineConfig({
  resolve: { alias },
  test: { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], testTimeout: 60_000, pool: 'forks', maxWorkers: 2 },
});

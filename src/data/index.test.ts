import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

describe('the entry', () => {
  it('bundles for a browser: no module of Node is imported, and none is asked for at import', async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('./index.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      logLevel: 'silent',
    });
    const code = outputFiles[0]!.text;
    expect(code).not.toMatch(/\bimport\b[^;]*['"]node:/);
    expect(code).not.toContain('require(');
    const { process } = globalThis;
    Reflect.deleteProperty(globalThis, 'process');
    try {
      const entry = await import(`data:text/javascript,${encodeURIComponent(code)}`);
      const { train } = await entry.loadDataset('xor');
      expect([...train.y]).toEqual([0, 1, 1, 0]);
      await expect(entry.loadDataset('mnist')).rejects.toThrow(/this is not Node[\s\S]*urlSource/);
    } finally {
      globalThis.process = process;
    }
  });
});

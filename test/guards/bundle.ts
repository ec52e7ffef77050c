/** Bundles source entries as a web page would and says what the bundle pulls in. */
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { repository } from '../../scripts/entries.ts';

export interface Bundle {
  readonly code: string;
  readonly gzipBytes: number;
  /** Every file that went in, relative to the repository. */
  readonly inputs: readonly string[];
  /** Packages and Node modules that importing the entry needs at once, as `file imports 'name'`. */
  readonly needs: readonly string[];
}

/** The statements stand for a user's own file in the repository's root. */
export async function bundle(statements: string): Promise<Bundle> {
  const result = await build({
    stdin: { contents: statements, resolveDir: repository, sourcefile: 'user.ts', loader: 'ts' },
    absWorkingDir: repository,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    packages: 'external',
    external: ['node:*'],
    minify: true,
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  const file = result.outputFiles[0]!;
  const inputs = Object.keys(result.metafile.inputs).filter((path) => path !== 'user.ts');
  return {
    code: file.text,
    gzipBytes: gzipSync(file.contents, { level: 9 }).length,
    inputs,
    needs: staticExternals(result.metafile),
  };
}

/** Dynamic imports are left out: they are asked for later, where they exist. */
function staticExternals(metafile: Metafile): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { path: target, external, kind, original } of metafile.inputs[path]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external) found.push(`${path} imports '${original ?? target}'`);
      else visit(target);
    }
  };
  visit('user.ts');
  return found;
}

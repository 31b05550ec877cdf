import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { build, type PluginBuild } from 'esbuild';

export interface Import {
  /** The file that imports, relative to the root. */
  readonly from: string;
  /** What it imports: a file relative to the root, or a module's name. */
  readonly to: string;
  /** Types alone, which are gone when it runs. */
  readonly types: boolean;
}

// Types count: a layer that needs another's types knows it. esbuild drops them, so they are shown to it as plain imports.
const TYPE_ONLY = /^(?:import|export)\s+type\s[^;'"]*?from\s+(['"])/gm;
const MARK = 'types of ';

/** Every import of the files, types and dynamic ones included. */
export async function importsOf(root: string, files: readonly string[]): Promise<Import[]> {
  const found: Import[] = [];
  const collect = (esbuild: PluginBuild): void => {
    esbuild.onResolve({ filter: /.*/ }, ({ kind, importer, path: named }) => {
      if (kind === 'entry-point') return { path: join(root, named) };
      const from = posix.relative(root, importer);
      const types = named.startsWith(MARK);
      const path = types ? named.slice(MARK.length) : named;
      found.push({ from, to: path.startsWith('.') ? posix.join(posix.dirname(from), path) : path, types });
      return { path: named, external: true };
    });
    esbuild.onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(TYPE_ONLY, `import $1${MARK}`),
      loader: 'ts',
    }));
  };
  await build({
    entryPoints: [...files],
    absWorkingDir: root,
    outdir: 'nowhere',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } }, // else imports that only types use would vanish
    plugins: [{ name: 'collect-imports', setup: collect }],
  });
  return found;
}

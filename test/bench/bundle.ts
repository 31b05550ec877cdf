import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import { type BenchOptions, type Row, row } from './support.ts';

/** Bundles lambda.ts as a function's code. @returns its path */
export async function bundleLambda(): Promise<string> {
  const folder = join(packageRoot(), 'node_modules', '.cache', 'nightdesk-bench', 'lambda');
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, 'handler.mjs');
  await build({
    entryPoints: [join(packageRoot(), 'test', 'bench', 'lambda.ts')],
    outfile,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['@aws-sdk/*'], // the runtime brings it
    logLevel: 'error',
  });
  return outfile;
}

const KB = 1_000;

/** Size of the transform's bundle without the SDK, and how long a new process takes to import it. */
export async function bundle({ quick }: BenchOptions): Promise<Row[]> {
  const path = await bundleLambda();
  const script = `const t = performance.now(); await import(${JSON.stringify(pathToFileURL(path).href)}); console.log(performance.now() - t)`;
  const importMs = Array.from({ length: quick ? 3 : 15 }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })),
  );
  return [
    row('bundle: size', 'KB', { figures: [statSync(path).size / KB] }, { atMost: 150 }),
    row('bundle: import in a new process', 'ms', { figures: importMs }, { atMost: 100 }),
  ];
}

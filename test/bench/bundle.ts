import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';
import { RUNTIME_MODULES } from '../../lib/core/config/function-settings.ts';
import { type BenchOptions, type Row, row } from './support.ts';

/** Most bytes of a function's code, without the SDK. */
export const BUNDLE_BYTES = 150_000;
const IMPORT_MS = 100;
const KB = 1_000;

/** Functions: every folder of `lambdas` with a handler. */
export const functionStages = (): string[] => {
  const root = join(packageRoot(), 'lambdas');
  return readdirSync(root).filter((name) => readdirSync(join(root, name)).includes('handler.ts'));
};

export interface Bundle {
  readonly path: string;
  readonly bytes: number;
  readonly metafile: Metafile;
}

/** Bundles a function as synth does, where the SDK of the checkout is found. */
export const bundleFunction = (stage: string): Promise<Bundle> =>
  bundleFile(join(packageRoot(), 'lambdas', stage, 'handler.ts'), stage);

/** Bundles lambda.ts, of which the benches take the transform alone, in the same way. @returns its path */
export async function bundleLambda(): Promise<string> {
  return (await bundleFile(join(packageRoot(), 'test', 'bench', 'lambda.ts'), 'lambda')).path;
}

async function bundleFile(entry: string, name: string): Promise<Bundle> {
  const folder = join(packageRoot(), 'node_modules', '.cache', 'nightdesk-bench');
  mkdirSync(folder, { recursive: true });
  const { metafile, outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    outfile: `${name}.cjs`,
    bundle: true,
    minify: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    external: [...RUNTIME_MODULES],
    metafile: true,
    logLevel: 'error',
  });
  const code = outputFiles[0]?.contents ?? new Uint8Array();
  const path = join(folder, `${name}.cjs`);
  // At once, for tests that run beside each other must not read half a file.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, code);
  renameSync(draft, path);
  return { path, bytes: code.length, metafile };
}

/** Stands for the SDK, which is the runtime's: whatever is taken of it is a class. */
const WITHOUT_SDK =
  "const M = require('node:module'), load = M._load; M._load = (name, ...rest) => name.startsWith('@aws-sdk/') ? new Proxy({}, { get: () => class {} }) : load(name, ...rest);";

/** How long a new process takes to load a module, ms. */
const loadMs = (path: string, before = ''): number =>
  Number(
    execFileSync(
      process.execPath,
      [
        '-e',
        `${before} const t = performance.now(); require(${JSON.stringify(path)}); process.stdout.write(String(performance.now() - t))`,
      ],
      { encoding: 'utf8', cwd: packageRoot(), stdio: ['ignore', 'pipe', 'ignore'] },
    ),
  );

/**
 * Of each function, without the SDK: the size of its bundle, and how long a new process takes to load it. With the SDK of
 * the checkout, from its many files, only for comparison: the runtime of Lambda has its own.
 */
export async function bundle({ quick }: BenchOptions): Promise<Row[]> {
  const repeated = (measure: () => number): number[] => Array.from({ length: quick ? 3 : 15 }, measure);
  const rows: Row[] = [];
  for (const stage of functionStages()) {
    const { path, bytes } = await bundleFunction(stage);
    const name = `bundle of ${stage}`;
    rows.push(
      row(`${name}: size`, 'KB', { figures: [bytes / KB] }, { atMost: BUNDLE_BYTES / KB }),
      row(`${name}: import`, 'ms', { figures: repeated(() => loadMs(path, WITHOUT_SDK)) }, { atMost: IMPORT_MS }),
      row(`${name}: import with its SDK`, 'ms', { figures: repeated(() => loadMs(path)) }, { atLeast: 0 }),
    );
  }
  return rows;
}

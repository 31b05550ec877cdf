#!/usr/bin/env node
// `npm run bench`: bundles the TypeScript beside this file, as bin/nightdesk.js does, and runs main.ts.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/nightdesk-bench', import.meta.url));
rmSync(cache, { recursive: true, force: true });
/** Files that look for others beside their source must not look beside the bundle. */
const ownUrl = {
  name: 'own-url',
  setup: ({ onLoad }) =>
    onLoad({ filter: /support[\\/]samples\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    })),
};
await build({
  plugins: [ownUrl],
  entryPoints: readdirSync(here)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(here, name)),
  outdir: cache,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
const { main } = await import(pathToFileURL(join(cache, 'main.mjs')).href);
process.exitCode = await main(process.argv.slice(2));

// Runs the TypeScript sources of this checkout without a build step, on any Node from 20.19: esbuild bundles them once
// into node_modules/.cache/nightdesk/<name>-<fingerprint of the sources>, and every later start imports that bundle.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'nightdesk');

/** Names, sizes and times of all sources: any edit gives another fingerprint. */
function fingerprint() {
  const hash = createHash('sha256');
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.ts')) {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path}:${size}:${mtimeMs}\n`);
      }
    }
  };
  walk(join(root, 'bin'));
  walk(join(root, 'lib'));
  hash.update(String(statSync(join(root, 'package.json')).mtimeMs));
  return hash.digest('hex').slice(0, 16);
}

async function bundle(name, folder) {
  const { build } = await import('esbuild');
  const unfinished = `${folder}.${process.pid}`;
  await build({
    entryPoints: { [name]: join(root, 'bin', `${name}.ts`) },
    outdir: unfinished,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    logLevel: 'error',
  });
  try {
    renameSync(unfinished, folder);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another start was faster
  }
  for (const entry of readdirSync(cache)) {
    const path = join(cache, entry);
    const dayMs = 86_400_000;
    const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {}; // another start may tidy up too
    if (path !== folder && Date.now() - mtimeMs > dayMs) rmSync(path, { recursive: true, force: true });
  }
}

/** The exports of `bin/<name>.ts`. */
export async function launch(name) {
  const folder = join(cache, `${name}-${fingerprint()}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    await bundle(name, folder);
  }
  process.setSourceMapsEnabled(true);
  // The SDK's notice that it will drop Node 20 one day says nothing that a user of a command can act on.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return import(pathToFileURL(join(folder, `${name}.mjs`)).href);
}

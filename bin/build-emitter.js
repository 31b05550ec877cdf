#!/usr/bin/env node
// `npm run build:emitter`: the emitter as a package of its own, in dist/emitter, CommonJS and ES modules with types and
// without a dependency. `npm pack dist/emitter` makes the file to install; `nightdesk/emitter` leads there too.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = process.argv[2] ?? join(root, 'dist', 'emitter');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// First of all: it says that index.js is CommonJS.
writeFileSync(
  join(out, 'package.json'),
  `${JSON.stringify(
    {
      name: 'nightdesk-emitter',
      version: manifest.version,
      description:
        'Sends the events of a trading bot to Nightdesk: never throws, never blocks, says exactly what it did.',
      license: manifest.license,
      type: 'commonjs',
      main: './index.js',
      types: './types/emitter/index.d.ts',
      exports: {
        '.': { types: './types/emitter/index.d.ts', import: './index.mjs', default: './index.js' },
      },
      engines: manifest.engines,
      sideEffects: false,
    },
    null,
    2,
  )}\n`,
);

await build({
  entryPoints: [join(root, 'lib', 'emitter', 'index.ts')],
  outfile: join(out, 'index.js'),
  bundle: true,
  minify: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'error',
});

// One instance whichever way it is loaded: the exit hooks and the clock are shared.
const IMPORT = /from '(\.[^']+)\.ts'/g;
const SCALARS = {
  string: 'string',
  double: 'number',
  bigint: 'number',
  boolean: 'boolean',
  timestamp: 'string',
  json: 'string',
};

const names = Object.keys(await import(pathToFileURL(join(out, 'index.js')).href)).filter((name) =>
  /^[A-Za-z]\w*$/.test(name),
);
const exported = names.filter((name) => name !== 'default' && name !== 'module');
writeFileSync(
  join(out, 'index.mjs'),
  `import emitter from './index.js';\nexport const { ${exported.join(', ')} } = emitter;\n`,
);

await writeTypes();
cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'));
// The page's first part; links lead to pages that are not there.
const [page = ''] = readFileSync(join(root, 'docs', 'emitter.md'), 'utf8').split('\n## Emitting');
writeFileSync(
  join(out, 'README.md'),
  page.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll("'nightdesk/emitter'", "'nightdesk-emitter'"),
);

/** The declarations of lib/emitter, and the catalog's event types written out, without the catalog. */
async function writeTypes() {
  const work = mkdtempSync(join(tmpdir(), 'nightdesk-types-'));
  try {
    const config = join(work, 'tsconfig.json');
    writeFileSync(
      config,
      JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions: {
          noEmit: false,
          declaration: true,
          emitDeclarationOnly: true,
          rootDir: join(root, 'lib'),
          outDir: work,
          typeRoots: [join(root, 'node_modules', '@types')],
        },
        include: [],
        files: [join(root, 'lib', 'emitter', 'index.ts')],
      }),
    );
    execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', config], {
      stdio: 'inherit',
    });
    const from = join(work, 'emitter');
    for (const path of reachable(join(from, 'index.d.ts'), from)) {
      const text = readFileSync(path, 'utf8').replaceAll(IMPORT, "from '$1.js'");
      const target = join(out, 'types', 'emitter', relative(from, path));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    mkdirSync(join(out, 'types', 'core', 'catalog'), { recursive: true });
    writeFileSync(join(out, 'types', 'core', 'catalog', 'index.d.ts'), await catalogTypes(work));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The declarations that the first one needs, in this folder. */
function reachable(path, folder, found = new Set()) {
  if (found.has(path) || !path.startsWith(folder)) return found;
  found.add(path);
  for (const [, target] of readFileSync(path, 'utf8').matchAll(IMPORT))
    reachable(join(dirname(path), `${target}.d.ts`), folder, found);
  return found;
}

/** Every stream a bot may send as an interface, with the catalog's sentence; docs/events.md has those of the fields. */
async function catalogTypes(work) {
  const outfile = join(work, 'catalog.mjs');
  await build({
    stdin: {
      contents:
        "export { CATALOG, INPUT_STREAMS } from './lib/core/catalog/index.ts'; export { envelope } from './lib/core/catalog/envelope.ts';",
      resolveDir: root,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  });
  const { CATALOG, INPUT_STREAMS, envelope } = await import(pathToFileURL(outfile).href);
  const inEnvelope = Object.fromEntries(Object.entries(envelope).map(([name, { column }]) => [name, column]));
  const ofStream = (name) =>
    Object.entries(CATALOG[name].columns).filter(([column]) => !Object.hasOwn(inEnvelope, column));
  return `// Made from the catalog of Nightdesk's events by bin/build-emitter.js.
interface Envelope ${fields(Object.entries(inEnvelope))}
export interface Streams {
${INPUT_STREAMS.map((name) => `/** ${CATALOG[name].description} */\n${name}: ${fields(ofStream(name))};`).join('\n')}
}
export type StreamName = keyof Streams;
export type EventOf<N extends StreamName> = Envelope & Streams[N];
`;
}

function fields(columns) {
  return `{\n${columns
    .map(
      ([name, column]) => `${name}?: ${typeOf(column)} | null | undefined;`, // their sentences would be a sixth of the package
    )
    .join('\n')}\n}`;
}

function typeOf({ type, values }) {
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  if (typeof type === 'string') return SCALARS[type];
  if ('list' in type) return `(${typeOf({ type: type.list })} | null | undefined)[]`;
  if ('map' in type) return `Record<string, ${typeOf({ type: type.map })} | null | undefined>`;
  return fields(Object.entries(type.struct));
}

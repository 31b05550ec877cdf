import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../lib/adapters/local/package-root.ts';

// The emitter as its users get it: built, packed, installed in an empty folder.

const MOST_BYTES = 50_000;
const ROOT = packageRoot();
let work = '';
let tarball = '';

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'nightdesk-package-'));
  run(process.execPath, [join(ROOT, 'bin', 'build-emitter.js'), join(work, 'built')], ROOT);
  run('npm', ['pack', '--silent', '--pack-destination', work], join(work, 'built'));
  tarball = readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '';
  // Unpacked as npm does it, without npm: there is nothing else to install.
  run('tar', ['-xzf', join(work, tarball)], work);
  const modules = join(work, 'empty', 'node_modules');
  run('mkdir', ['-p', modules], work);
  run('mv', [join(work, 'package'), join(modules, 'nightdesk-emitter')], work);
}, 120_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('it has no dependency, and at most 50 KB', () => {
  const manifest = JSON.parse(
    readFileSync(join(work, 'empty', 'node_modules', 'nightdesk-emitter', 'package.json'), 'utf8'),
  );

  expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
  expect(statSync(join(work, tarball)).size).toBeLessThanOrEqual(MOST_BYTES);
});

test('of the core it holds limits, redaction and ids alone: the catalog is there for its types', async () => {
  const { metafile } = await build({
    entryPoints: [join(ROOT, 'lib', 'emitter', 'index.ts')],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
  });

  const foreign = Object.keys(metafile.inputs).filter(
    (path) => !/^lib\/(emitter\/|core\/(limits|redact|ids)\.ts$)/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(
    Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports.map(({ path }) => path))
      .filter((path) => !path.startsWith('node:')),
  ).toEqual([]);
});

const SCRIPT = `const sink = memorySink();
const emitter = createEmitter({ strategyId: 'ma-cross', mode: 'paper', sink });
emitter.emit('signals', { symbol: 'BTCUSDT' });
emitter.close().then(() => console.log(sink.objects.map(({ stream, symbol }) => symbol ?? stream).join(' ')));
`;

test.each([
  ['bot.mjs', `import { createEmitter, memorySink } from 'nightdesk-emitter';\n${SCRIPT}`],
  ['bot.cjs', `const { createEmitter, memorySink } = require('nightdesk-emitter');\n${SCRIPT}`],
])('%s runs with it in an empty folder', (name, text) => {
  writeFileSync(join(work, 'empty', name), text);

  expect(run(process.execPath, [name], join(work, 'empty'))).toBe('health BTCUSDT health\n');
});

test('both ways of loading it give one emitter', () => {
  writeFileSync(
    join(work, 'empty', 'both.mjs'),
    "import { createRequire } from 'node:module';\nimport { createEmitter } from 'nightdesk-emitter';\nconsole.log(createRequire(import.meta.url)('nightdesk-emitter').createEmitter === createEmitter);\n",
  );

  expect(run(process.execPath, ['both.mjs'], join(work, 'empty'))).toBe('true\n');
});

test.each(['bot.mts', 'bot.cts'])(
  '%s is checked against the catalog',
  (name) => {
    const text = `import { createEmitter, http, intent } from 'nightdesk-emitter';
const emitter = createEmitter({ strategyId: 's', mode: 'paper', sink: http({ url: 'http://127.0.0.1:4573' }) });
emitter.emit('execution', { side: 'buy', qty: 1, ts: new Date(), exec_ts: 1735732801000, x_mine: { any: 'thing' } });
intent(emitter, { side: 'buy' }).order({ qty: 1 }).fill({ qty: 1, price: 2 });
// @ts-expect-error no such side
emitter.emit('execution', { side: 'bye' });
// @ts-expect-error no such field
emitter.emit('execution', { quantity: 1 });
// @ts-expect-error no such stream
emitter.emit('executions', {});
// @ts-expect-error no bot sends what Nightdesk derives
emitter.emit('trade_lifecycle', {});
const strict = createEmitter({ strategyId: 's', mode: 'paper', sink: http({ url: 'http://127.0.0.1:4573' }), delivery: 'strict' });
export const receipt: Promise<{ delivered: boolean }> = strict.emit('signals', {});
`;
    writeFileSync(join(work, 'empty', name), text);
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      'node',
    ];

    const said = run(
      process.execPath,
      [
        join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
        ...options,
        '--typeRoots',
        join(ROOT, 'node_modules', '@types'),
        name,
      ],
      join(work, 'empty'),
    );

    expect(said).toBe('');
  },
  60_000,
);

test('a worker thread emits for itself, and what it holds is sent before it ends', () => {
  writeFileSync(
    join(work, 'empty', 'worker.mjs'),
    `import { Worker, isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { createEmitter, jsonl } from 'nightdesk-emitter';
if (isMainThread) new Worker(fileURLToPath(import.meta.url)).on('exit', (code) => console.log('worker ended', code));
else createEmitter({ strategyId: 'w', mode: 'paper', sink: jsonl({ dir: 'logs' }) }).emit('signals', { symbol: 'FROM_WORKER' });
`,
  );

  expect(run(process.execPath, ['worker.mjs'], join(work, 'empty'))).toBe('worker ended 0\n');
  expect(run('grep', ['-rc', 'FROM_WORKER', 'logs/signals'], join(work, 'empty'))).toMatch(/:1\n$/);
});

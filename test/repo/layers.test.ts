import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../support/temp.ts';
import { ROOT, sources } from './checkout.ts';
import { importsOf } from './imports.ts';
import { breaches } from './layers.ts';

/** A tree of sources in a temporary folder. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = tempFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test('imports point inwards and the core is pure', async () => {
  expect(await breaches(ROOT)).toEqual([]);
});

test('every import of the sources leads to a file that is there', async () => {
  const files = sources(ROOT, ['bin', 'lib', 'lambdas']);
  const known = new Set([...files, 'package.json']);

  const imports = await importsOf(ROOT, files);

  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter(({ to }) => /^(lib|bin|lambdas)\//.test(to) && !known.has(to))).toEqual([]);
});

test.each([
  ['node', 'lib/core/a.ts', "import { readFileSync } from 'node:fs';\nreadFileSync('a');"],
  ['a package', 'lib/core/a.ts', "import { z } from 'zod';\nexport * from 'luxon';\nz;"],
  [
    'an adapter, by its type alone',
    'lib/core/a.ts',
    "import type { B } from '../adapters/local/b.ts';\nexport type A = B;",
  ],
  [
    'an adapter, by a list of types',
    'lib/core/a.ts',
    "import type {\n  B,\n  C,\n} from '../adapters/local/b.ts';\nexport type A = B | C;",
  ],
  [
    'an adapter, by a marked type',
    'lib/core/a.ts',
    "import { type B } from '../adapters/local/b.ts';\nexport type A = B;",
  ],
  ['an adapter, by passing its type on', 'lib/core/a.ts', "export type { B } from '../adapters/local/b.ts';"],
  ['the desk, when it is needed', 'lib/core/a.ts', "export const a = () => import('../desk/a.ts');"],
])('the core that imports %s is found', async (_what, path, text) => {
  const found = await breaches(tree({ [path]: text }));

  expect(found).toHaveLength(1);
  expect(found[0]).toContain('core imports only itself and zod');
});

test.each([
  ['lib/core/limits.ts', "import { a } from './a.ts';\na;", 'import nothing'],
  ['lib/adapters/local/a.ts', "import { b } from '../memory/b.ts';\nb;", 'never imports another'],
  ['lib/adapters/local/a.ts', "import { b } from '../../desk/b.ts';\nb;", 'never the desk'],
  ['lib/desk/a.ts', "import { b } from '../adapters/aws/b.ts';\nb;", 'local adapters'],
  ['lib/emitter/a.ts', "import { b } from '../core/errors.ts';\nb;", 'the emitter imports'],
  ['lib/emitter/a.ts', "import { b } from '@aws-sdk/client-firehose';\nb;", 'the emitter imports'],
  ['lib/emitter/a.ts', "import { b } from '../core/catalog/index.ts';\nb;", 'the emitter imports'],
  ['lib/desk/a.ts', "import { b } from '../cloud/b.ts';\nb;", 'the desk imports'],
  ['lib/desk/commands/a.ts', "import { b } from '../../adapters/aws/b.ts';\nb;", 'a command imports'],
  ['lib/cloud/a.ts', "import { b } from '../desk/b.ts';\nb;", 'what asks a stack'],
  ['lib/infra/a.ts', "import { b } from '@aws-sdk/client-s3';\nb;", 'infrastructure'],
  ['lambdas/transform/handler.ts', "import { b } from '../../lib/desk/b.ts';\nb;", 'never the desk'],
  ['lib/desk/a.ts', "import { b } from '../../test/support/b.ts';\nb;", 'nothing that ships imports tests'],
])('%s with %j is found', async (path, text, rule) => {
  const found = await breaches(tree({ [path]: text }));

  expect(found).toHaveLength(1);
  expect(found[0]).toContain(rule);
});

test.each([
  'Date.now()',
  'new Date()',
  'new Date',
  'Math.random()',
  'process.env.HOME',
  'performance.now()',
  'globalThis.process',
  'setTimeout(() => {}, 1)',
  'fetch("x")',
  'console.log(1)',
  'Buffer.from("x")',
  'crypto.randomUUID()',
])('a core that uses %s is found', async (code) => {
  const found = await breaches(tree({ 'lib/core/a.ts': `export const a = ${code};` }));

  expect(found).toHaveLength(1);
});

test('what the layers allow is not found: comments and words may say anything', async () => {
  const files = {
    'lib/core/a.ts':
      "// Date.now() is the caller's\nimport * as z from 'zod';\nexport const a = [z, new Date(0), 'for the process. Then'];",
    'lib/adapters/local/b.ts':
      "import { a } from '../../core/a.ts';\nimport 'node:fs';\nimport '@duckdb/node-api';\na;",
    'lib/desk/c.ts':
      "import '../adapters/local/b.ts';\nimport '../core/a.ts';\nimport 'luxon';\nexport const c = Date.now();",
    'lib/emitter/d.ts':
      "import '../core/limits.ts';\nimport 'node:fs';\nimport type { StreamName } from '../core/catalog/index.ts';\nexport type N = StreamName;",
    'lib/cloud/f.ts': "import '../adapters/aws/s3.ts';\nimport '../adapters/local/gzip.ts';",
    'lib/desk/commands/g.ts': "export const g = () => import('../../cloud/f.ts');",
    'lambdas/transform/handler.ts': "import '../../lib/adapters/aws/s3.ts';",
    'bin/nightdesk.ts': "import '../lib/desk/c.ts';",
  };

  expect(await breaches(tree(files))).toEqual([]);
});

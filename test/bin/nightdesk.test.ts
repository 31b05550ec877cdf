import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { COMMANDS } from '../../lib/desk/commands/index.ts';
import { tempFolder } from '../support/temp.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LAUNCHER = join(ROOT, 'bin', 'nightdesk.js');

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the launcher as a user does, in a process of its own. */
const nightdesk = (args: readonly string[], { launcher = LAUNCHER, cwd = tempFolder() } = {}): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [launcher, ...args], { cwd }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

/** A copy of the checkout without a cache, so that its launcher must bundle first. */
function freshCheckout(): string {
  const root = tempFolder();
  for (const part of ['bin', 'lib', 'package.json'])
    cpSync(join(ROOT, part), join(root, part), { recursive: true, preserveTimestamps: true });
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(root, 'node_modules', name));
  }
  return root;
}

const cacheOf = (root: string): string[] => readdirSync(join(root, 'node_modules', '.cache', 'nightdesk'));

test('--help lists every command and ends with 0, from any folder', async () => {
  const { code, out } = await nightdesk(['--help']);

  expect(code).toBe(0);
  for (const { name, summary } of COMMANDS)
    expect(out).toMatch(new RegExp(`^  ${name} .*${summary.slice(0, 12)}`, 'm'));
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  expect(await nightdesk(['--version'])).toMatchObject({ code: 0, out: `${version}\n` });
});

test.each([
  ['an unknown command', ['strems'], 'streams'],
  ['an unknown option', ['schema', '--lst'], '--list'],
])(
  '%s ends with exit code 2, a suggestion on standard error and nothing on standard output',
  async (_what, args, suggestion) => {
    const { code, out, err } = await nightdesk(args);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`Did you mean ${suggestion}?`);
  },
);

test('a fresh checkout runs without a build step, several first starts at once too, and bundles once', async () => {
  const root = freshCheckout();
  const launcher = join(root, 'bin', 'nightdesk.js');

  const first = await Promise.all([1, 2, 3].map(() => nightdesk(['schema', '--list'], { launcher })));

  expect(first.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(first[0]?.out).toContain('order_intent');
  expect(cacheOf(root)).toHaveLength(1);
}, 60_000);

test('an edited source is what runs next', async () => {
  const root = freshCheckout();
  const launcher = join(root, 'bin', 'nightdesk.js');
  await nightdesk(['--version'], { launcher });

  const path = join(root, 'bin', 'nightdesk.ts');
  writeFileSync(
    path,
    "export const main = async (): Promise<number> => {\n  process.stdout.write('edited\\n');\n  return 7;\n};\n",
  );

  expect(await nightdesk([], { launcher })).toMatchObject({ code: 7, out: 'edited\n' });
  expect(cacheOf(root)).toHaveLength(2);
}, 60_000);

test('a source that does not compile is named, and no broken bundle stays behind', async () => {
  const root = freshCheckout();
  const launcher = join(root, 'bin', 'nightdesk.js');
  writeFileSync(join(root, 'bin', 'nightdesk.ts'), 'export const main = ;\n');

  const { code, err } = await nightdesk(['--version'], { launcher });

  expect(code).not.toBe(0);
  expect(err).toContain('bin/nightdesk.ts');
  expect(cacheOf(root)).toEqual([]);
}, 60_000);

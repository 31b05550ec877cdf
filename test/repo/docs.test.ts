import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { configOptions } from '../../lib/core/config/json-schema.ts';
import { ERRORS } from '../../lib/core/errors.ts';
import { PIPELINE } from '../../lib/core/pipeline.ts';
import { COMMANDS } from '../../lib/desk/commands/index.ts';
import { ROOT, read, trackable } from './checkout.ts';
import {
  cliPage,
  commandOf,
  commandTable,
  configTable,
  errorsPage,
  pipelineDiagram,
  pipelinePicture,
  pipelineTable,
  withBlock,
} from './pages.ts';

// Where a page differs from the code, `npx vitest run test/repo --update` writes it anew.

test('README’s picture and its table of commands are those of the code', async () => {
  const readme = read('README.md');

  const made = withBlock(withBlock(readme, 'pipeline', pipelinePicture(PIPELINE)), 'commands', commandTable(COMMANDS));

  await expect(made).toMatchFileSnapshot(join(ROOT, 'README.md'));
});

test('the picture and the table of docs/architecture.md are those of the code', async () => {
  const page = read('docs/architecture.md');

  const made = withBlock(withBlock(page, 'pipeline', pipelineDiagram(PIPELINE)), 'stages', pipelineTable(PIPELINE));

  await expect(made).toMatchFileSnapshot(join(ROOT, 'docs/architecture.md'));
});

test('docs/config.md lists every setting with default and range', async () => {
  const made = withBlock(read('docs/config.md'), 'settings', configTable(configOptions()));

  await expect(made).toMatchFileSnapshot(join(ROOT, 'docs/config.md'));
});

test('docs/errors.md lists every error code with owner, retry, exit and help, and nothing else', async () => {
  await expect(errorsPage(ERRORS)).toMatchFileSnapshot(join(ROOT, 'docs/errors.md'));
});

test('docs/cli.md holds the help of every command as it is printed', async () => {
  const page = await cliPage(COMMANDS);

  expect(page).not.toContain(ROOT);
  expect(page).not.toMatch(new RegExp(`(?<![\\w.-])${homedir()}/`));
  await expect(page).toMatchFileSnapshot(join(ROOT, 'docs/cli.md'));
});

test.each(COMMANDS)('every option and argument of `$name` says what it does', async (entry) => {
  const command = await commandOf(entry);

  const silent = [command, ...command.commands]
    .flatMap(({ options, registeredArguments }) => [...options, ...registeredArguments])
    .filter(({ description }) => description.trim() === '');

  expect(silent.map((part) => ('flags' in part ? part.flags : part.name()))).toEqual([]);
});

test('a page that lacks a block or has another is found out', () => {
  const page = 'x\n<!-- a:begin -->\n\nold\n\n<!-- a:end -->\ny';

  expect(withBlock(page, 'a', 'new')).toBe('x\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\ny');
  expect(() => withBlock(page, 'b', 'new')).toThrow('no block');
});

test('every link of the pages leads to a file that is there', () => {
  const pages = trackable().filter((path) => path.endsWith('.md'));

  const dead = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  );

  expect(pages.length).toBeGreaterThan(2);
  expect(dead).toEqual([]);
});

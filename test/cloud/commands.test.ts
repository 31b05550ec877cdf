import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { ROOT } from '../repo/checkout.ts';
import { nightdesk } from '../support/command.ts';

const ON_A_STACK = ['send', 'watch', 'query', 'streams', 'trades', 'redrive', 'doctor'];

test.each(ON_A_STACK)('%s --help names --aws, --stack and --region, with an example', async (command) => {
  const { code, out } = await nightdesk(command, '--help');

  expect(code).toBe(0);
  for (const option of ['--aws', '--stack <name>', '--region <name>']) expect(out).toContain(`  ${option}`);
  expect(out).toMatch(new RegExp(`^ {2}nightdesk ${command} .*--aws`, 'm'));
});

/** Modules that are loaded with a file, before anything of it runs. */
async function loadedWith(file: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: { entry: file },
    absWorkingDir: ROOT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outdir: 'nowhere',
    write: false,
    metafile: true,
  });
  const found: string[] = [];
  const left = ['nowhere/entry.js'];
  for (let path = left.pop(); path !== undefined; path = left.pop())
    for (const { path: to, kind, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external) found.push(to);
      else left.push(to);
    }
  return found;
}

test.each(['index', 'query', 'streams', 'trades', 'redrive', 'doctor'])(
  'commands/%s loads no SDK of AWS before it needs one',
  async (name) => {
    const loaded = await loadedWith(`lib/desk/commands/${name}.ts`);

    expect(loaded).toContain('commander');
    expect(loaded.filter((module) => module.startsWith('@aws-sdk/'))).toEqual([]);
  },
);

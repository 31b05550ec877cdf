import { expect, onTestFinished, test, vi } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { run } from '../../../lib/desk/commands/index.ts';

/** Runs `nightdesk schema …` in this process. */
async function schema(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => err.push(String(text)) > 0);
  onTestFinished(() => {
    stdout.mockRestore();
    stderr.mockRestore();
  });
  const entry = {
    name: 'schema',
    summary: 'print the JSON Schema of a stream',
    load: () => import('../../../lib/desk/commands/schema.ts'),
  };
  const code = await run(['node', 'nightdesk', 'schema', ...args], [entry]);
  return { code, out: out.join(''), err: err.join('') };
}

test('without an argument it lists every stream with its sentence', async () => {
  const { code, out } = await schema();

  expect(code).toBe(0);
  for (const { name, description } of Object.values(CATALOG)) {
    expect(out).toContain(name);
    expect(out).toContain(description);
  }
});

test('the list is JSON for programs', async () => {
  const { out } = await schema('--list', '--json');

  expect(JSON.parse(out)).toHaveLength(Object.keys(CATALOG).length);
  expect(JSON.parse(out)[0]).toMatchObject({ stream: 'signals', retention: 'raw', versions: [1] });
});

test('a stream’s name prints its JSON Schema, and --all that of all', async () => {
  const one = await schema('execution');
  const all = await schema('--all');

  expect(JSON.parse(one.out)).toMatchObject({ title: 'execution', $id: 'urn:nightdesk:stream:execution:v1' });
  expect(Object.keys(JSON.parse(all.out).$defs)).toEqual(Object.keys(CATALOG));
});

test.each([
  ['executions', 'did you mean execution?'],
  ['sizing_risk_log', 'did you mean risk?'],
  ['hasOwnProperty', 'run `nightdesk schema` for the list'],
  ['__proto__', 'run `nightdesk schema` for the list'],
])('an unknown name, %s, ends with exit code 2 and advice', async (name, advice) => {
  const { code, out, err } = await schema(name);

  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(advice);
  expect(err).toContain('[UNKNOWN_STREAM]');
});

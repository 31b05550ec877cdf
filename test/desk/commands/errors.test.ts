import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../lib/adapters/local/package-root.ts';

const nightdesk = (...args: string[]) =>
  spawnSync(process.execPath, [join(packageRoot(), 'bin', 'nightdesk.js'), ...args], { encoding: 'utf8' });

test('an error message moves no cursor, whatever the name it quotes', () => {
  const { stderr, status } = nightdesk('send', 'no\u001b[31msuch\u202e.jsonl');

  expect(status).toBe(2);
  expect(stderr).toContain('PATH_NOT_FOUND');
  for (const control of ['\u001b', '\u202e']) expect(stderr).not.toContain(control);
});

test('an endpoint that is none is not quoted, for it may hold a password', () => {
  const { stderr, status } = nightdesk('send', '.', '--endpoint', 'htp:user:hunter2@x');

  expect(status).toBe(2);
  expect(stderr).not.toContain('hunter2');
});

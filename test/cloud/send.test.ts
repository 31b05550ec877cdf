import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { startDesk } from '../desk/support/desk.ts';
import { nightdesk } from '../support/command.ts';
import { openTestLake } from '../support/open-lake.ts';
import { environment, startAccount, startStack, type TestStack } from '../support/stack.ts';
import { tempFolder } from '../support/temp.ts';

const DAY_MS = 86_400_000;

/** A log with one line of today, one of eight days ago and one that is no JSON. */
function logs(): string {
  const folder = tempFolder();
  const line = (agoMs: number): string =>
    JSON.stringify({
      event_id: `e${agoMs}`,
      stream: 'health',
      schema_version: 1,
      ts: new Date(Date.now() - agoMs).toISOString(),
    });
  mkdirSync(join(folder, 'logs'));
  writeFileSync(join(folder, 'logs', 'health.jsonl'), `${line(60_000)}\n${line(8 * DAY_MS)}\nnot json\n`);
  return join(folder, 'logs');
}

/** A stack whose delivery stream, transform and bucket are those of a desk. */
async function stackOnDesk(): Promise<TestStack & { send: (...args: string[]) => ReturnType<typeof nightdesk> }> {
  const data = tempFolder();
  const transform = createTransform({ maxEventAgeMs: 7 * DAY_MS }, { sha256 });
  const desk = await startDesk({ dataDir: data, transform });
  const stack = await startStack({ data, firehose: desk.url });
  return { ...stack, send: (...args) => nightdesk('send', ...args, '--data', tempFolder()) };
}

test('send --aws puts lines on the stream of the stack, says what it will do with them, and --wait sees them in Athena', async () => {
  const { send, data, athena } = await stackOnDesk();

  const { code, out, err } = await send(logs(), '--aws', '--wait', '20', '--json');

  expect({ code, err: err.split('\n').slice(0, 2) }).toEqual({
    code: 0,
    err: ['all of it can be queried', expect.stringMatching(/scanned in Athena/)],
  });
  expect(JSON.parse(out)).toMatchObject({ target: 'AWS nightdesk', lines: 3, accepted: 3 });
  expect(JSON.parse(out).expected).toMatchObject({ stored: 1, quarantined: 2 });
  expect(athena.statements.some((sql) => sql.includes('"stored_health"'))).toBe(true);
  const lake = await openTestLake(data);
  expect(await lake.rows('select reason, count(*) as n from quarantine group by 1 order by 1')).toEqual([
    { reason: 'invalid_json', n: 1 },
    { reason: 'too_old', n: 1 },
  ]);
});

test('events that do not come in time are said to be missing', async () => {
  const { data } = await stackOnDesk();
  const other = await startDesk({ dataDir: tempFolder() });
  environment({ AWS_ENDPOINT_URL_FIREHOSE: other.url });

  const { code, err } = await nightdesk('send', logs(), '--aws', '--wait', '1', '--data', data);

  expect(code).toBe(1);
  expect(err).toMatch(
    /after 1 s 3 of the events cannot be queried in Athena; `nightdesk doctor --aws` says .* \[WAIT_TIMED_OUT\]/,
  );
});

test('watch --aws follows a folder into the stream of the stack', async () => {
  const { data } = await stackOnDesk();

  const { code, out } = await nightdesk('watch', logs(), '--once', '--stack', 'nightdesk', '--data', tempFolder());

  expect(code).toBe(0);
  expect(out).toContain('3 lines = 0 blank + 3 accepted + 0 refused');
  const lake = await openTestLake(data);
  await expect.poll(() => lake.cell('select count(*) from health')).toBe(1);
});

test('a delivery stream of one’s own needs no stack, and cannot be waited for', async () => {
  const desk = await startDesk({ dataDir: tempFolder() });
  const { aws } = await startAccount({ firehose: desk.url });

  const { code } = await nightdesk('send', logs(), '--aws', '--delivery-stream', 'nightdesk', '--data', tempFolder());

  expect(code).toBe(0);
  expect(aws.calls).toEqual([]);
  const waiting = await nightdesk(
    'send',
    logs(),
    '--aws',
    '--delivery-stream',
    'nightdesk',
    '--wait',
    '--data',
    tempFolder(),
  );
  expect(waiting).toMatchObject({ code: 2, err: expect.stringContaining('name the --stack') });
});

test('--aws and --stack do not go with another endpoint', async () => {
  for (const option of [['--aws'], ['--stack', 'x']])
    expect(await nightdesk('send', '.', ...option, '--endpoint', 'http://127.0.0.1:1')).toMatchObject({
      code: 2,
      err: expect.stringContaining("'--aws' cannot be used with option '--endpoint <url>'"),
    });
});

test('a dry run asks the stack for its settings alone', async () => {
  const { aws } = await startAccount({ config: { aws: { maxEventAge: '14d' } } });

  const { code, out } = await nightdesk('send', logs(), '--aws', '--dry-run', '--json', '--data', tempFolder());

  expect(code).toBe(0);
  expect(JSON.parse(out).expected).toMatchObject({ stored: 2, quarantined: 1 });
  expect(new Set(aws.calls)).toEqual(new Set(['DescribeStacks', 'GetTemplateSummary']));
});

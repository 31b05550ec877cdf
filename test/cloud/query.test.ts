import { expect, test } from 'vitest';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, isoOf, writeLake } from '../support/lake.ts';
import { environment, startAccount, startStack } from '../support/stack.ts';

const TODAY_MS = Date.UTC(2025, 11, 3, 12);
const market = (over: Record<string, unknown> = {}): Record<string, unknown> =>
  exampleEvent('market', { ts_ms: TODAY_MS, ingested_at: isoOf(TODAY_MS), ...over });

test('SQL is answered by Athena, with each event once, and what it read is said', async () => {
  const { data } = await startStack();
  const event = market({ symbol: 'BTC-USD' });
  writeLake(data, [event]);
  writeLake(data, [event]);

  const { code, out, err } = await nightdesk(
    'query',
    'select symbol, count(*) as n from market group by symbol',
    '--aws',
    '--format',
    'json',
  );

  expect({ code, rows: JSON.parse(out) }).toEqual({ code: 0, rows: [{ symbol: 'BTC-USD', n: 1 }] });
  expect(err).toMatch(/^\d+(\.\d)? K?B scanned in Athena\n$/);
});

test.each(['table', 'csv', 'json'])('hostile text is harmless as %s', async (format) => {
  const { data } = await startStack();
  writeLake(data, [market({ symbol: '\u001b[2J=1+1\u202e' })]);

  const { out } = await nightdesk('query', 'select symbol from market', '--aws', '--format', format);

  if (format === 'table') expect(out).toContain('·[2J=1+1·');
  if (format === 'json') expect(JSON.parse(out)).toEqual([{ symbol: '\u001b[2J=1+1\u202e' }]);
  if (format !== 'csv') expect(out).not.toContain('\u001b');
});

test('a named query runs with its parameters', async () => {
  const { data, athena } = await startStack();
  writeLake(data, [market(), market({ ts_ms: TODAY_MS - 86_400_000 * 3 })]);

  const { code, out } = await nightdesk(
    'query',
    'events-per-stream',
    '--aws',
    '--param',
    'from=2025-12-03',
    '--format',
    'json',
  );

  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject([{ stream: 'market', events: 1 }]);
  expect(athena.statements.at(-1)).toContain("'2025-12-03'");
});

test('--stack and --region name another stack, and say --aws', async () => {
  const stack = await startStack();
  stack.describe({ name: 'nightdesk-prod' });

  expect((await nightdesk('query', 'select 1 as one', '--stack', 'nightdesk-prod', '--region', 'us-east-1')).code).toBe(
    0,
  );
  const { code, err } = await nightdesk('query', 'select 1 as one', '--aws');
  expect({ code, err }).toEqual({
    code: 2,
    err: 'nightdesk: there is no stack nightdesk in eu-west-1; stacks of Nightdesk there: nightdesk-prod; name one with --stack [STACK_NOT_FOUND]\n',
  });
});

test('what Athena refuses is said in its words', async () => {
  await startStack();

  const { code, err } = await nightdesk('query', 'select nothing from nowhere', '--aws');

  expect(code).toBe(1);
  expect(err).toContain("Table 'awsdatacatalog.nightdesk.nowhere' does not exist");
  expect(err).toContain('[QUERY_FAILED]');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops the query in Athena, and says so', async (signal) => {
  const { athena } = await startStack();
  athena.faults.hang = () => true;
  const before = process.listeners(signal);

  const running = nightdesk('query', 'select 1 as one', '--aws');
  while ((athena.calls.GetQueryExecution ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const listener of process.listeners(signal)) if (!before.includes(listener)) listener(signal);
  const { code, err } = await running;

  expect(code).toBe(1);
  expect(athena.stopped).toEqual(['select 1 as one']);
  expect(err).toContain('cancelling the query in Athena');
  expect(err).toContain('the query was cancelled');
  expect(process.listeners(signal)).toEqual(before);
});

test.each([['query', 'select 1'], ['streams'], ['trades'], ['redrive']])(
  '%s takes no data folder with a stack, and no region without one',
  async (...command) => {
    await startAccount();

    const both = await nightdesk(...command, '--aws', '--data', 'x');
    expect(both).toMatchObject({
      code: 2,
      err: expect.stringContaining("'--aws' cannot be used with option '--data <folder>'"),
    });
    const implied = await nightdesk(...command, '--stack', 'x', '--data', 'x');
    expect(implied.code).toBe(2);
    expect(await nightdesk(...command, '--region', 'eu-west-1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--region goes with --aws'),
    });
  },
);

test('a call that is denied names the permission that is missing', async () => {
  const { aws } = await startAccount();
  aws.account.refuse = () => ({ code: 'AccessDenied', status: 403, message: 'no\u001b[31m' });

  const { code, err } = await nightdesk('query', 'select 1', '--aws');

  expect(code).toBe(1);
  expect(err).toContain('need the permission cloudformation:DescribeStacks [AWS_REFUSED]');
  expect(err).not.toContain('\u001b');
});

test('without credentials no command on a stack does anything but say so', async () => {
  await startAccount();
  environment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });

  for (const command of [['streams'], ['trades'], ['redrive'], ['send', '.']])
    expect(await nightdesk(...command, '--aws')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('no AWS credentials'),
    });
});

test.each(['--stack', '--region'])('an empty %s is no name', async (option) => {
  await startAccount();

  const { code, err } = await nightdesk('query', 'select 1 as one', '--aws', option, '');

  expect({ code, err }).toEqual({
    code: 2,
    err: `nightdesk: ${option} must be a name, it is empty [CONFIG_INVALID]\n`,
  });
});

test('an empty region of the environment is none', async () => {
  await startAccount();
  environment({ AWS_REGION: '', AWS_DEFAULT_REGION: undefined });

  const { code, err } = await nightdesk('query', 'select 1 as one', '--aws');

  expect(code).toBe(1);
  expect(err).toContain('no region is known; name one with --region');
});

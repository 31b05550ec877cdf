import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { redrivenNoteKey } from '../../lib/core/lake/error-keys.ts';
import { objectKey } from '../../lib/core/lake/keys.ts';
import type { StackFacts } from '../../lib/core/query/stack-facts.ts';
import type { Check } from '../../lib/desk/query/check.ts';
import { stackChecksOf } from '../../lib/desk/query/stack-checks.ts';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, isoOf, writeLake, writeObject } from '../support/lake.ts';
import { environment, startAccount, startStack, type TestStack } from '../support/stack.ts';
import { tempFolder } from '../support/temp.ts';

interface Diagnosis {
  readonly code: number;
  readonly status: string;
  readonly checks: Readonly<Record<string, Check>>;
}

async function doctor(...args: readonly string[]): Promise<Diagnosis> {
  const { code, out } = await nightdesk('doctor', '--aws', '--json', '--data', tempFolder(), ...args);
  const { status, checks } = JSON.parse(out);
  return { code, status, checks: Object.fromEntries(checks.map((check: Check) => [check.name, check])) };
}

/** One event that came in just now, as Firehose writes it. */
function deliver({ data }: Pick<TestStack, 'data'>, ageMs = 60_000): void {
  const atMs = Date.now() - ageMs;
  const event = exampleEvent('market', { ts_ms: Date.now(), ingested_at: isoOf(atMs) });
  const partition = { stream: 'market', version: 1, date: String(event.ts).slice(0, 10) };
  const key = objectKey('events', partition, { producer: 'nightdesk', atMs, unique: 'u' });
  writeObject(data, key, gzipSync(JSON.stringify(event)));
}

const errorKey = (ageMs: number): string =>
  `errors/processing-failed/nightdesk-1-${new Date(Date.now() - ageMs).toISOString().slice(0, 19).replace(/[T:]/g, '-')}-u`;

test('a stack that takes events, and events that arrive, are well: 0', async () => {
  const stack = await startStack();
  deliver(stack);
  stack.aws.account.alarms = [{ name: 'nightdesk-freshness', state: 'OK' }];

  const { code, status, checks } = await doctor();

  expect(Object.values(checks).map(({ name, status: verdict }) => `${name} ${verdict}`)).toEqual([
    'stack ok',
    'delivery ok',
    'alarms ok',
    'errors ok',
    'arrival ok',
    'quarantine ok',
    'views ok',
    'settings ok',
    'clock ok',
    'alerts ok',
    'channels ok',
  ]);
  expect({ code, status }).toEqual({ code: 0, status: 'ok' });
});

test('for people it is one line per check, and hostile text cannot move the cursor', async () => {
  const stack = await startStack();
  deliver(stack);
  stack.aws.account.alarms = [
    { name: 'nightdesk-\u001b[2J', state: 'ALARM', reason: 'one\ntwo\u202e', since: new Date(Date.now() - 600_000) },
    { name: 'other-alarm', state: 'ALARM' },
  ];

  const { code, out } = await nightdesk('doctor', '--aws', '--data', tempFolder());

  expect(code).toBe(3);
  expect(out).toContain('critical alarms     1 of 1 ring: nightdesk-·[2J (for 10 min): one·two·\n');
  expect(out.split('\n')).toHaveLength(12);
  expect(out).not.toContain('\u001b');
});

test('what Firehose left is a warning, what it leaves now is critical, and what was redriven is neither', async () => {
  const stack = await startStack();
  deliver(stack);
  const old = errorKey(86_400_000 * 3);
  writeObject(stack.data, old, Buffer.from('x'));

  const before = await doctor();
  expect(before.checks.errors).toMatchObject({ status: 'warn', value: { objects: 1, bytes: 1 } });
  expect(before.checks.errors?.message).toMatch(
    /the oldest 3 days ago, the newest 3 days ago; `nightdesk redrive --aws`/,
  );
  expect(before.code).toBe(2);
  writeObject(stack.data, redrivenNoteKey(old), Buffer.from('{}'));
  expect((await doctor()).checks.errors?.status).toBe('ok');
  writeObject(stack.data, errorKey(60_000), Buffer.from('x'));
  expect(await doctor()).toMatchObject({ code: 3, checks: { errors: { status: 'critical' } } });
});

test('a stream that takes nothing, and views that are not there, are critical', async () => {
  const stack = await startStack({ views: false });
  stack.aws.account.streams = { nightdesk: { status: 'CREATING_FAILED', failure: 'no grant on the key' } };

  const { code, checks } = await doctor();

  expect(code).toBe(3);
  expect(checks.delivery).toMatchObject({
    status: 'critical',
    message: expect.stringContaining('CREATING_FAILED: no grant on the key'),
  });
  expect(checks.views).toMatchObject({ status: 'critical', message: expect.stringContaining('views are not there: ') });
  expect(checks.quarantine).toMatchObject({ status: 'warn', message: expect.stringContaining('does not exist') });
  expect(checks.arrival?.message).toContain('no event is dated today or yesterday');
});

test('silence is told from what still waits in Firehose', async () => {
  const stack = await startStack({ config: { aws: { lateness: '30m' } } });
  deliver(stack, 25 * 60_000);
  expect((await doctor()).checks.arrival).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('25 min ago'),
  });

  const other = await startStack();
  deliver(other, 25 * 60_000);
  expect((await doctor()).checks.arrival).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('does a bot run'),
  });
});

test('quarantine of today is a share of the lines of today, with advice', async () => {
  const stack = await startStack();
  deliver(stack);
  writeLake(stack.data, [
    exampleEvent('quarantine', { ts_ms: Date.now(), reason: 'unknown_shape' }),
    exampleEvent('quarantine', { ts_ms: Date.now() - 86_400_000 * 5, reason: 'too_old' }),
  ]);

  const { checks } = await doctor();

  expect(checks.quarantine).toMatchObject({
    status: 'critical',
    value: { lines: 1, share: 0.5, reasons: [{ reason: 'unknown_shape', lines: 1 }] },
  });
  expect(checks.quarantine?.message).toContain(
    '1 of the 2 lines of today and yesterday (50.0 %) are in quarantine. unknown_shape (1): `nightdesk init`',
  );
});

test('settings here that are not those of the stack are named, their values are not', async () => {
  await startStack({ config: { hash: ['account_id'], zone: 'Asia/Kolkata' } });
  const data = tempFolder();
  const write = (config: object): void => writeFileSync(join(data, 'nightdesk.json'), JSON.stringify(config));
  const settings = async (): Promise<Check | undefined> => (await doctor('--data', data)).checks.settings;

  write({ zone: 'Asia/Kolkata', hash: ['account_id'] });
  expect(await settings()).toMatchObject({ status: 'ok' });
  write({
    zone: 'UTC',
    hash: ['secret_name'],
    ledger: { stableCoins: ['USDX'] },
    aws: { maxEventAge: '2d' },
    alerts: { burst: 9 },
  });
  expect(await settings()).toMatchObject({
    status: 'warn',
    value: { differ: ['zone', 'hash', 'maxEventAgeMs', 'ledger.stableCoins', 'alerts.burst'] },
  });
  expect((await settings())?.message).not.toContain('secret_name');
  write({ zone: 7 });
  expect(await settings()).toMatchObject({ status: 'warn', message: expect.stringContaining('zone') });
});

test('a clock that differs from that of AWS is a warning, either way', async () => {
  const { aws } = await startStack();

  aws.account.date = new Date(Date.now() + 60_000);
  expect((await doctor()).checks.clock).toMatchObject({
    status: 'warn',
    message: expect.stringMatching(/ behind that of AWS/),
  });
  aws.account.date = new Date(Date.now() - 60_000);
  expect((await doctor()).checks.clock).toMatchObject({
    status: 'warn',
    message: expect.stringMatching(/ ahead of that of AWS/),
  });
});

test.each([
  [
    'a stack that is not there',
    (aws: { stacks: unknown[] }) => void aws.stacks.splice(0),
    'there is no stack nightdesk',
  ],
  [
    'no credentials',
    () => environment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }),
    'no AWS credentials',
  ],
])('%s is one critical check', async (_what, spoil, said) => {
  const { aws } = await startAccount();
  spoil(aws.account);

  const { code, checks } = await doctor();

  expect(code).toBe(3);
  expect(Object.keys(checks)).toEqual(['stack']);
  expect(checks.stack).toMatchObject({ status: 'critical', message: expect.stringContaining(said) });
});

test('what may not be looked at costs the other checks nothing, and its permission is named', async () => {
  const stack = await startStack();
  deliver(stack);
  stack.aws.account.refuse = (operation) =>
    operation === 'DescribeStacks' ? undefined : { code: 'AccessDeniedException', status: 403, message: 'no' };

  const { checks } = await doctor();

  expect(checks.delivery).toMatchObject({
    status: 'critical',
    message: expect.stringContaining('firehose:DescribeDeliveryStream'),
  });
  expect(checks.alarms).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('cloudwatch:DescribeAlarms'),
  });
  expect(checks.settings).toMatchObject({
    status: 'warn',
    message: expect.stringContaining('cloudformation:GetTemplateSummary'),
  });
  expect([checks.arrival?.status, checks.views?.status, checks.quarantine?.status]).toEqual(['ok', 'ok', 'ok']);
});

const FACTS: Omit<StackFacts, 'status'> = {
  stack: 's',
  region: 'r',
  nowMs: 0,
  clockMs: undefined,
  delivery: { problem: '' },
  alarms: { problem: '' },
  errors: { problem: '' },
  newest: { problem: '' },
  quarantine: { problem: '' },
  relations: new Map([['market', new Set(['event_id'])]]),
  settings: { problem: '' },
  local: undefined,
};

test.each([
  ['CREATE_COMPLETE', 'ok'],
  ['UPDATE_COMPLETE', 'ok'],
  ['UPDATE_IN_PROGRESS', 'warn'],
  ['UPDATE_ROLLBACK_COMPLETE', 'warn'],
  ['UPDATE_ROLLBACK_FAILED', 'critical'],
  ['UPDATE_FAILED', 'critical'],
])('state %s of a stack is %s', (status, verdict) => {
  expect(stackChecksOf({ ...FACTS, status })[0]?.status).toBe(verdict);
});

test('views that lack a column of this version are told from those that are not there', async () => {
  const stack = await startStack();
  deliver(stack);
  const { checks } = await doctor();
  expect(checks.views?.status).toBe('ok');

  const views = stackChecksOf({ ...FACTS, status: 'CREATE_COMPLETE' }).find(({ name }) => name === 'views');
  expect(views?.value).toMatchObject({ old: [{ view: 'market', lacks: expect.arrayContaining(['symbol', 'ts']) }] });
});

import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import type { StoredEvent } from '../../lib/core/query/sentence.ts';
import { Tail } from '../../lib/desk/query/tail.ts';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, isoOf, type LakeEvent, writeLake, writeObject } from '../support/lake.ts';
import { tempFolder } from '../support/temp.ts';

const NOON_MS = Date.UTC(2025, 10, 21, 12);
/** An event that happened, and came in, so many seconds after noon. */
const market = (second: number, over: LakeEvent = {}): LakeEvent =>
  exampleEvent('market', {
    event_id: `m${second}`,
    ts_ms: NOON_MS + second * 1000,
    ingested_at: isoOf(NOON_MS + second * 1000),
    ...over,
  });
const idsOf = (json: string): unknown[] =>
  json
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).event_id);
const tail = async (data: string, ...args: readonly string[]): Promise<string> =>
  (await nightdesk('tail', '--data', data, '--json', ...args)).out;

test('the newest events by arrival come last, whatever object they lie in', async () => {
  const data = tempFolder();
  writeLake(data, [market(3), market(1)]);
  writeLake(data, [market(2), market(4, { ts_ms: NOON_MS - 86_400_000, ts: isoOf(NOON_MS - 86_400_000) })]);

  expect(idsOf(await tail(data))).toEqual(['m1', 'm2', 'm3', 'm4']);
  expect(idsOf(await tail(data, '-n', '2'))).toEqual(['m3', 'm4']);
  expect(idsOf(await tail(data, '-n', '0'))).toEqual([]);
});

test('objects written before the events held are not opened', async () => {
  const data = tempFolder();
  writeLake(data, [market(1)]);
  writeObject(data, 'events/market/v1/date=2025-11-21/desk-1-2020-01-01-00-00-00-old.jsonl.gz', Buffer.from('damaged'));

  expect((await nightdesk('tail', '--data', data, '-n', '1')).err).toBe('');
  expect((await nightdesk('tail', '--data', data, '-n', '2')).err).toContain(
    'desk-1-2020-01-01-00-00-00-old.jsonl.gz cannot be read',
  );
});

test('stream, session and symbol narrow it, a repeat shows once, a line about a redrive not at all', async () => {
  const data = tempFolder();
  const one = market(1, { session_id: 'a', symbol: 'X' });
  writeLake(data, [one, one, market(2, { session_id: 'a', symbol: 'Y' }), market(3, { session_id: 'b', symbol: 'X' })]);
  writeLake(data, [
    one,
    exampleEvent('quarantine', { event_id: 'q', reason: 'redriven' }),
    exampleEvent('signals', { event_id: 's', session_id: 'a', symbol: 'X' }),
  ]);

  expect(idsOf(await tail(data, '--stream', 'market', '--session', 'a'))).toEqual(['m1', 'm2']);
  expect(idsOf(await tail(data, '--session', 'a', '--symbol', 'X'))).toEqual(['m1', 's']);
  expect(idsOf(await tail(data, '--stream', 'signals', 'market', '--symbol', 'X')).sort()).toEqual(['m1', 'm3', 's']);
});

test('people read one line per event, whatever a foreign log holds', async () => {
  const data = tempFolder();
  const over = { ts_ms: NOON_MS, strategy_id: 's1', session_id: 'session-1', symbol: 'BTC-USD' };
  writeLake(data, [
    exampleEvent('error', {
      ...over,
      error_type: 'Timeout',
      component: 'ws',
      message: '\u001b[2Jgone\nnext \u202edne',
    }),
  ]);

  const { out } = await nightdesk('tail', '--data', data);

  expect(out).toBe(
    '2025-11-21T12:00:00.000000Z [error] s1/session- BTC-USD Error: Timeout in ws: ·[2Jgone·next ·dne\n',
  );
});

test('following goes on with new objects of old and new streams and days, each event once', async () => {
  const data = tempFolder();
  writeLake(data, [market(1)]);
  const ended = new AbortController();
  const followed = new Tail({ lake: `${data}/lake`, count: 10, onDamage: () => undefined });
  expect((await followed.newest()).events.map(({ event_id }) => event_id)).toEqual(['m1']);
  const seen: unknown[] = [];
  const following = (async () => {
    for await (const events of followed.follow({ everyMs: 5, signal: ended.signal }))
      seen.push(...events.map((event: StoredEvent) => event.event_id));
  })();

  writeLake(data, [market(2), market(1)]);
  await vi.waitFor(() => expect(seen).toEqual(['m2']));
  writeLake(data, [exampleEvent('signals', { event_id: 's1' })]);
  await vi.waitFor(() => expect(seen).toEqual(['m2', 's1']));
  writeLake(data, [market(86_400), market(2)]);
  await vi.waitFor(() => expect(seen).toEqual(['m2', 's1', 'm86400']));

  ended.abort();
  await following;
});

test('an object that is not whole is told of, and following goes on', async () => {
  const data = tempFolder();
  const damaged: string[] = [];
  const ended = new AbortController();
  const followed = new Tail({ lake: `${data}/lake`, count: 10, onDamage: (message) => damaged.push(message) });
  writeObject(data, 'events/market/v1/date=2025-11-21/a.jsonl.gz', gzipSync('{"event_id":"x"}\n').subarray(0, 12));
  writeObject(data, 'events/market/v1/date=2025-11-21/b.jsonl.gz', gzipSync('no json\n\n5\n'));
  writeLake(data, [market(1)]);

  for await (const events of followed.follow({ everyMs: 5, signal: ended.signal })) {
    expect(events).toHaveLength(1);
    ended.abort();
  }

  expect(damaged).toEqual([expect.stringContaining('a.jsonl.gz cannot be read')]);
  await wait(1);
});

test('an unknown stream is answered with the close one', async () => {
  const { code, err } = await nightdesk('tail', '--stream', 'exection', '--data', tempFolder());

  expect(code).toBe(2);
  expect(err).toContain('did you mean execution?');
});

test('an empty lake is said to be one', async () => {
  expect((await nightdesk('tail', '--data', tempFolder())).err).toBe('No event matches yet.\n');
});

test('what is derived is not tailed: rows are revised, and a query shows them', async () => {
  const { code, err } = await nightdesk('tail', '--data', tempFolder(), '--stream', 'trade_lifecycle');

  expect(code).toBe(2);
  expect(err).toContain('trade_lifecycle is derived: nightdesk query');
});

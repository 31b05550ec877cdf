import { expect, test } from 'vitest';
import { nightdesk } from '../support/command.ts';
import { exampleEvent, isoOf, writeLake } from '../support/lake.ts';
import { startStack } from '../support/stack.ts';

const ENTRY_MS = Date.UTC(2025, 10, 21, 12);

function fill(id: string, atMs: number): Record<string, unknown> {
  return exampleEvent('execution', { event_id: id, ts_ms: atMs, strategy_id: 's1', session_id: 'r1', mode: 'paper' });
}

function trade(id: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  return exampleEvent('trade_lifecycle', {
    event_id: id,
    trade_id: `t-${id}`,
    ts_ms: ENTRY_MS,
    entry_ts: isoOf(ENTRY_MS),
    exit_ts: isoOf(ENTRY_MS + 60_000),
    strategy_id: 's1',
    session_id: 'r1',
    mode: 'paper',
    status: 'closed',
    rev: 1,
    retracted: false,
    ...over,
  });
}

/** The same lake on a stack and on a desk. */
async function lakes(): Promise<(...args: string[]) => Promise<void>> {
  const { data } = await startStack();
  writeLake(data, [
    trade('a', { net_pnl_usd: 0.1, gross_pnl_usd: 0.3, entry_signal_confidence: null, group_id: null }),
    trade('b', { net_pnl_usd: -0.2, entry_signal_confidence: 0.5, entry_cost_confidence: null, group_id: null }),
    trade('c', { net_pnl_usd: 7, group_id: 'pair', symbol: 'ETH-USD', exit_ts: isoOf(ENTRY_MS + 90_001) }),
    trade('d', { net_pnl_usd: 8, group_id: 'pair', symbol: 'BTC-USD', entry_ts: isoOf(ENTRY_MS - 1_500) }),
    trade('e', { status: 'open', mode: null, entry_unknown: true, group_id: 'half' }),
    fill('exec-1', ENTRY_MS),
  ]);
  return async (...args) => {
    const [stack, desk] = [
      await nightdesk('trades', ...args, '--aws'),
      await nightdesk('trades', ...args, '--data', data),
    ];
    expect(rounded(stack.out)).toBe(rounded(desk.out));
    expect({ stack: stack.code, desk: desk.code }).toEqual({ stack: 0, desk: 0 });
    expect(stack.out.length).toBeGreaterThan(10);
  };
}

/** Athena's sums are not compensated: money agrees to 1e-9. */
const rounded = (text: string): string =>
  text.replaceAll(/\d+\.\d{10,}/g, (number) => String(Number(Number(number).toPrecision(10))));

test('a stack lists, adds up and shows trades as a desk does, digit for digit', async () => {
  const same = await lakes();

  await same();
  await same('--format', 'json');
  await same('--group', '--format', 'csv', '--sort', 'worst');
  await same('--group', '--status', 'closed', '--symbol', 'ETH-USD', '--format', 'json');
  await same('--summary', '--format', 'json');
  await same('t-a');
  await same('t-c', '--format', 'json');
});

test('no trade is nothing to fail over, and one that is not there is said', async () => {
  await startStack();

  expect(await nightdesk('trades', '--aws')).toMatchObject({ code: 0 });
  expect(await nightdesk('trades', 't-none', '--aws')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no trade has an id that begins with "t-none"'),
  });
});

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { gunzip } from '../../../lib/adapters/local/gzip.ts';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { datesOf, type LakeRecord, readDerivedDay } from '../../../lib/core/lake/read.ts';
import { openLedger } from '../../../lib/desk/trades/open-ledger.ts';
import { exampleEvent, isoOf } from '../../support/lake.ts';
import { tempFolder } from '../../support/temp.ts';
import { type DeskProcess, startDeskProcess } from '../support/process.ts';

const START_MS = Date.UTC(2025, 11, 3, 12);

/** A trade of one strategy: a buy, and a sell a minute later. */
function roundTrip(n: number): LakeRecord[] {
  const fill = (side: string, ms: number): LakeRecord =>
    exampleEvent('execution', {
      event_id: `${side}-${n}`,
      strategy_id: 'bot',
      session_id: 's1',
      mode: 'paper',
      source_log: null,
      ts: isoOf(ms),
      ts_ms: ms,
      side,
      qty: 1,
      price: 100 + n,
      reduce_only: false,
      position_qty: null,
      order_id: `${side}-${n}`,
      client_order_id: null,
      venue_order_id: null,
      venue_fill_id: `f-${side}-${n}`,
    });
  const ms = START_MS + n * 600_000;
  return [fill('buy', ms), fill('sell', ms + 60_000)];
}

async function send({ url }: DeskProcess, events: readonly LakeRecord[]): Promise<void> {
  const body = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  const response = await fetch(`${url}/v1/events`, { method: 'POST', body });
  expect(response.status, await response.text()).toBeLessThan(300);
}

async function trades(data: string): Promise<LakeRecord[]> {
  const store = createFolderStore(join(data, 'lake'));
  const rows: LakeRecord[] = [];
  for (const date of await datesOf(store, 'trade_lifecycle', ['derived']))
    for await (const row of readDerivedDay({ store, gunzip }, { stream: 'trade_lifecycle', date })) rows.push(row);
  return rows;
}

async function untilTrades(data: string, settled: number): Promise<void> {
  for (;;) {
    const found = await trades(data);
    if (found.filter(({ status, provisional }) => status === 'closed' && provisional !== true).length >= settled)
      return;
    await sleep(50);
  }
}

const ARGS = ['--buffer-ms', '60', '--lateness', '1s'];

describe('a desk with its ledger', () => {
  test('turns fills that come in into trades, also those that came before it was killed', {
    timeout: 90_000,
  }, async () => {
    const data = tempFolder();
    let sent = 0;
    for (const kill of [0, 1, 2]) {
      const desk = await startDeskProcess(['--data', data, ...ARGS]);
      for (const _ of [0, 1, 2]) {
        await send(desk, roundTrip(sent++));
        await sleep(40);
      }
      await sleep(kill * 700); // before the flush, within the lateness, and after it
      await desk.end('SIGKILL');
    }
    const last = await startDeskProcess(['--data', data, ...ARGS]);
    await send(last, roundTrip(sent++));
    await untilTrades(data, sent);
    const { ledger } = (await (await fetch(`${last.url}/healthz`)).json()) as { ledger?: { caughtUp?: boolean } };
    expect(ledger?.caughtUp).toBe(true);
    expect(await last.end('SIGTERM'), last.said()).toBe(0);
    const found = await trades(data);
    expect(found).toHaveLength(sent);
    expect(found.every(({ status, provisional }) => status === 'closed' && provisional !== true)).toBe(true);
    expect(await (await openLedger(data)).rebuild({ dryRun: true })).toMatchObject([{ changed: 0, retracted: 0 }]);
  });

  test('keeps no trades where it is told not to, and finds them all at the first start that is', {
    timeout: 60_000,
  }, async () => {
    const data = tempFolder();
    const without = await startDeskProcess(['--data', data, '--buffer-ms', '60', '--no-ledger']);
    await send(without, [...roundTrip(0), ...roundTrip(1)]);
    expect(await without.end('SIGTERM'), without.said()).toBe(0);
    expect(await trades(data)).toEqual([]);
    const desk = await startDeskProcess(['--data', data, ...ARGS]);
    await untilTrades(data, 2);
    expect(await desk.end('SIGTERM'), desk.said()).toBe(0);
    expect(await trades(data)).toHaveLength(2);
  });

  test('has folded everything once it has stopped, whatever still waited for late events', async () => {
    const data = tempFolder();
    const desk = await startDeskProcess(['--data', data, '--buffer-ms', '60', '--lateness', '10m']);
    await send(desk, roundTrip(0));
    await desk.end('SIGTERM');

    expect(await trades(data)).toMatchObject([{ status: 'closed', gross_pnl_usd: 0 }]);
    expect((await trades(data))[0]?.provisional).not.toBe(true);
    expect(await (await openLedger(data)).rebuild({ dryRun: true })).toMatchObject([{ changed: 0, retracted: 0 }]);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lake, openLake } from '../../lib/adapters/local/duckdb.ts';
import { createFolderStore } from '../../lib/adapters/local/object-store.ts';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import type { Cell, ObjectStore } from '../../lib/core/ports/index.ts';
import { DUCKDB, type SqlDialect, type StreamingEngine, TRINO as TRINO_SQL } from '../../lib/core/query/dialect.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { Awaited } from '../../lib/desk/logs/awaited.ts';
import type { PlannedLog } from '../../lib/desk/logs/plan.ts';
import { takeInventory } from '../../lib/desk/query/inventory.ts';
import { redrive } from '../../lib/desk/query/redrive.ts';
import { executionsOf, findTrade } from '../../lib/desk/trades/find.ts';
import { listTrades, SORTS, type Sort } from '../../lib/desk/trades/list.ts';
import { totalsOf } from '../../lib/desk/trades/totals.ts';
import { exampleEvent, isoOf, type LakeEvent, writeLake } from '../support/lake.ts';
import { writeViewLake } from '../support/view-lake.ts';
import { TRINO, Trino } from './engine.ts';
import { fillTrino } from './tables.ts';

const title =
  TRINO === undefined
    ? 'what commands ask a stack, in Trino (skipped: run `bash test/trino/trino.sh npx vitest run test/trino`)'
    : 'what commands ask a stack, in Trino';

const ENTRY_MS = Date.UTC(2025, 10, 21, 12);

/** The trades of this file: of those of the views' lake several have one id, and no order. */
const OWN = { strategy: 's1' };

/** Two of its fills; the second knows little. */
const FILLS = [
  { event_id: 'exec-1', ts: isoOf(ENTRY_MS), signal_confidence: 0.4, cost_confidence: null },
  { event_id: null, ts: null, signal_confidence: null, cost_confidence: 0.9 },
];

const trade = (id: string, over: LakeEvent = {}): LakeEvent =>
  exampleEvent('trade_lifecycle', {
    event_id: id,
    trade_id: `t-${id}`,
    ts_ms: ENTRY_MS,
    entry_ts: isoOf(ENTRY_MS),
    exit_ts: isoOf(ENTRY_MS + 60_000),
    strategy_id: 's1',
    session_id: 'r1',
    mode: 'paper',
    status: 'closed',
    group_id: null,
    fills: FILLS,
    rev: 1,
    retracted: false,
    ...over,
  });

interface Asked {
  readonly engine: StreamingEngine;
  readonly sql: SqlDialect;
  readonly store: ObjectStore;
  readonly atOnce: number;
}

describe.skipIf(TRINO === undefined)(title, { timeout: 300_000 }, () => {
  let trino: Trino;
  let local: Lake;
  let folder = '';
  let desk: Asked;
  let stack: Asked;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nightdesk-'));
    writeViewLake(folder);
    const bare = { entry_signal_confidence: null, entry_cost_confidence: null, fills: null };
    writeLake(folder, [
      trade('a1', { net_pnl_usd: 0.1, entry_signal_confidence: null }),
      trade('b2', { net_pnl_usd: -0.2, entry_signal_confidence: 0.5, entry_cost_confidence: null }),
      trade('c3', { group_id: 'pair', symbol: 'ETH-USD', exit_ts: isoOf(ENTRY_MS + 90_001), ...bare }),
      trade('d4', { group_id: 'pair', symbol: 'BTC-USD', entry_ts: isoOf(ENTRY_MS - 1_500), venue: null }),
      trade('e5', { status: 'open', mode: null, entry_unknown: true, group_id: 'half', exit_ts: null }),
      exampleEvent('execution', {
        event_id: 'exec-1',
        ts_ms: ENTRY_MS,
        strategy_id: 's1',
        session_id: 'r1',
        mode: 'paper',
      }),
    ]);
    const store = createFolderStore(join(folder, 'lake'));
    local = await openLake(folder);
    trino = await Trino.start(TRINO ?? '');
    await fillTrino(trino, join(folder, 'lake'));
    desk = { engine: local, sql: DUCKDB, store, atOnce: 1 };
    stack = { engine: engineOf(trino), sql: TRINO_SQL, store, atOnce: 5 };
  }, 600_000);
  afterAll(async () => {
    await trino.close();
    await local.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The answer of both, which must be one. */
  async function both<T>(ask: (of: Asked) => Promise<T>): Promise<T> {
    const [ours, theirs] = [await ask(desk), await ask(stack)];
    expect(plain(theirs)).toEqual(plain(ours));
    return ours;
  }

  test.each(Object.keys(SORTS))('trades, %s first, one by one and in groups', async (sort) => {
    for (const grouped of [false, true])
      expect(
        (await both(({ engine, sql }) => listTrades({ engine, sql }, OWN, { sort: sort as Sort, limit: 9, grouped })))
          .trades.length,
      ).toBeGreaterThan(3);
  });

  test('trades by every filter, and their totals', async () => {
    const filters = {
      from: '2025-11-21',
      to: '2025-11-21',
      strategy: 's1',
      session: 'r1',
      symbol: 'ETH-USD',
      mode: 'paper',
    };
    for (const filter of [OWN, filters, { status: ['closed', 'open'] as const, mode: 'unknown' }])
      for (const grouped of [false, true]) {
        await both((of) => listTrades(of, filter, { sort: 'newest', limit: 50, grouped }));
        await both((of) => totalsOf(of, filter, grouped));
      }
  });

  test('one trade whole, with its fills and what executions say of them', async () => {
    const found = await both((of) => findTrade(of, 't-a1'));

    expect(Array.isArray(found.fills)).toBe(true);
    await both(async (of) => [...(await executionsOf(of, found))]);
    await both((of) => findTrade(of, 'c3'));
  });

  test('the inventory', async () => {
    expect((await both((of) => takeInventory(of))).totals.events).toBeGreaterThan(20);
  });

  test('what redrive would do', async () => {
    const transform = createTransform({}, { sha256 });
    const days = { from: '2025-01-01', to: '2026-12-31' };
    const report = await both((of) => redrive({ lake: of.engine, store: of.store, transform, dryRun: true, ...days }));
    expect(report.looked).toBeGreaterThan(0);
    await both((of) => redrive({ lake: of.engine, store: of.store, transform, dryRun: true, reason: 'too_old' }));
  });

  test('whether what was sent can be queried', async () => {
    const awaited = new Awaited();
    const log = { place: { source: 'src', path: 'a.jsonl' }, log: { file: 'f00d.0' } } as unknown as PlannedLog;
    const json = '{"event_id":"f00d.0-1","stream":"market"}';
    awaited.add({ log, number: 1 }, { outcome: 'stored', stream: 'market', version: 1, date: '2025-11-21', json });

    expect(await both((of) => awaited.queryable(of, { timeoutMs: 1 }))).toBe(1);
  });
});

function engineOf(trino: Trino): StreamingEngine {
  const run: StreamingEngine['run'] = async (sql) => {
    const { columns, types, rows } = await trino.run(sql);
    return { columns: columns.map((name, i) => ({ name, type: types[i] ?? '' })), rows: rows as (readonly Cell[])[] };
  };
  return {
    run,
    async stream(sql) {
      const { columns, rows } = await run(sql);
      return {
        columns,
        batches: (async function* () {
          yield rows;
        })(),
      };
    },
    close: async () => undefined,
  };
}

/** Sums of doubles depend on their order: ten digits do not. Of a map no order is given. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'number' ? Number(inner.toPrecision(10)) : typeof inner === 'bigint' ? Number(inner) : inner,
    ),
  );

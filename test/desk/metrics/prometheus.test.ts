import { setTimeout as sleep } from 'node:timers/promises';
import { test as each, expect, onTestFinished } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { INPUT_STREAMS } from '../../../lib/core/catalog/index.ts';
import { alertsOf, parseConfig } from '../../../lib/core/config/index.ts';
import { LEDGER_DEFAULTS } from '../../../lib/core/lifecycle/types.ts';
import type { Cell } from '../../../lib/core/ports/index.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import { startDemo } from '../../../lib/desk/demo/index.ts';
import { createDesk, type DeskOptions } from '../../../lib/desk/desk.ts';
import { openTestLake } from '../../support/open-lake.ts';
import { noPrometheus, startPrometheus, type Value } from '../../support/prometheus.ts';
import { tempFolder } from '../../support/temp.ts';

if (noPrometheus !== undefined) console.warn(`skipped: ${noPrometheus}`);
const test = each.skipIf(noPrometheus !== undefined);

async function start(options: Partial<DeskOptions> = {}) {
  const dataDir = tempFolder();
  const desk = await createDesk({
    dataDir,
    port: 0,
    transform: createTransform({}, { sha256 }),
    buffer: { ms: 100 },
    minFreeBytes: 0,
    ledger: { config: { ...LEDGER_DEFAULTS, latenessMs: 3_000 }, runner: { gatherMs: 100, tickMs: 200 } },
    alerts: { settings: alertsOf(parseConfig({}, 'test')), environment: {} },
    ...options,
  });
  onTestFinished(() => desk.stop());
  return { desk, dataDir };
}

/** Waits until a figure has grown by no more than so much in each of several half seconds in a row. */
async function calm(read: () => Promise<number> | number, by = 0, times = 4): Promise<void> {
  let before = Number.NEGATIVE_INFINITY;
  for (let still = 0; still < times; await sleep(500)) {
    const now = await read();
    still = now > 0 && now - before <= by ? still + 1 : 0;
    before = now;
  }
}

const sorted = (rows: readonly (readonly [string, number])[]): (readonly [string, number])[] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1));

test('a real Prometheus scrapes the demo, and its values equal SQL over the lake', async () => {
  const { desk, dataDir } = await start();
  const prometheus = await startPrometheus(`${desk.url}/metrics`);
  const demo = await startDemo({ endpoint: desk.url, say: () => undefined, seed: 7, pastMs: 5 * 60_000 });
  await calm(() => desk.stats().delivery.lines, 150); // the past has come in; the bots go on
  await demo.stop();
  const lake = await openTestLake(dataDir);
  const rows = 'select event_id, rev from trade_lifecycle union all select event_id, rev from order_lifecycle';
  await calm(() => desk.stats().delivery.lines + desk.stats().delivery.objects);
  await calm(async () => Number(await lake.cell(`select count(*) from (${rows})`)), 0, 12);
  await sleep(2_000); // a tick of the alerts after the last row
  await prometheus.scraped();

  const by = (values: readonly Value[], label: string): (readonly [string, number])[] =>
    sorted(values.map(({ labels, value }) => [labels[label] ?? '', value]));
  const metric = async (expression: string, label = 'strategy_id') => by(await prometheus.query(expression), label);
  const sql = async (text: string): Promise<(readonly [string, number])[]> =>
    sorted(
      (await lake.run(text)).rows.map(([name, value]: readonly Cell[]) => [String(name ?? '(none)'), Number(value)]),
    );

  // What was old when it came in is history, and counted nowhere.
  const fresh = 'ts_ms is not null and epoch_ms(ingested_at::timestamp) - ts_ms <= 900000';
  const counted = async (stream: string, where = 'true') =>
    sql(`select strategy_id, count(*) from ${stream} where ${fresh} and ${where} group by 1`);
  const all = INPUT_STREAMS.map((name) => {
    const own = name === 'equity_curve' ? 'and rev is null' : '';
    return `select strategy_id, ts_ms, ingested_at from "${name}" where ${fresh} ${own}`;
  }).join(' union all ');
  const stored = await sql(`select strategy_id, count(*) from (${all}) group by 1`);
  expect(stored.map(([name]) => name)).toEqual(expect.arrayContaining(['crossover', 'stacker']));
  expect(
    await metric(
      'pipeline_events_stored_total - on(strategy_id) (pipeline_events_duplicates_total or 0 * pipeline_events_stored_total)',
    ),
  ).toEqual(stored);
  expect(await metric('sum by (strategy_id) (pipeline_events_quarantined_total)')).toEqual(
    await sql("select strategy_id, count(*) from quarantine where reason <> 'too_old' group by 1"),
  );
  expect(
    await metric(
      'pipeline_events_in_total - pipeline_events_stored_total - (pipeline_events_quarantined_total or 0 * pipeline_events_in_total)',
    ),
  ).toEqual(stored.map(([name]) => [name, 0]));

  expect(await metric('bot_health_checks_total')).toEqual(await counted('health'));
  expect(await metric('bot_errors_total')).toEqual(await counted('error'));
  expect(await metric('bot_costs_total_bps_count')).toEqual(await counted('costs', 'cost_bps_total is not null'));
  const [costs] = await sql(
    `select strategy_id, sum(cost_bps_total) from costs where ${fresh} and cost_bps_total is not null group by 1`,
  );
  const [scraped] = await metric('bot_costs_total_bps_sum');
  expect(scraped?.[1]).toBeCloseTo(costs?.[1] ?? Number.NaN, 6);
  const fills =
    "decision_ts is not null and qty > 0 and price > 0 and coalesce(exec_ts, ts) > decision_ts and coalesce(lower(result), 'filled') in ('filled', 'partial') and coalesce(lower(status), 'filled') in ('filled', 'partial', 'closed')";
  expect(await metric('bot_execution_latency_ms_count')).toEqual(await counted('execution', fills));

  const strengths = `select source, count(*) from (
      select case when name in ('S_top') then 'pros' when name in ('S_bot') then 'amateurs' when name like 'S_model%' then 'model' else 'unknown' end as source, value
      from (select unnest(map_keys(source_signals)) as name, unnest(map_values(source_signals)) as value from signals where ${fresh})
      where name <> 'S_mood' and value is not null
    ) group by 1`;
  expect(await metric('sum by (source) (bot_signals_strength_count)', 'source')).toEqual(
    merged(
      await sql(strengths),
      await sql(
        `select 'model', count(*) from signals where ${fresh} and (source_signals is null or cardinality(source_signals) = 0) and s_model is not null`,
      ),
    ),
  );

  const opened = await sql(
    'select strategy_id, count(distinct trade_id) from trade_lifecycle where entry_unknown is not true group by 1',
  );
  expect(opened.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(3);
  expect(await metric('bot_trades_total')).toEqual(opened);
  expect(await metric('sum by (strategy_id) (bot_trades_by_source_total)')).toEqual(opened);
  expect(await metric('bot_orders_total')).toEqual(
    await sql("select strategy_id, count(*) from order_lifecycle where status <> 'intended' group by 1"),
  );
  expect(await metric('bot_orders_rejected_total')).toEqual(
    await sql("select strategy_id, count(*) from order_lifecycle where status = 'rejected' group by 1"),
  );

  const equity = await sql(`select strategy_id, max_by(equity, ts_ms) from (
      select strategy_id, equity, ts_ms from health where equity is not null
      union all select strategy_id, equity, ts_ms from equity_curve where equity is not null and rev is null
    ) group by 1`);
  const living = (await metric('bot_runs_active == 1')).map(([name]) => name);
  expect(living.filter((name) => equity.some(([other]) => other === name)).length).toBeGreaterThan(0);
  expect(await metric('bot_health_equity_value')).toEqual(equity.filter(([name]) => living.includes(name)));
}, 120_000);

/** Sums of equal names. */
function merged(...lists: readonly (readonly (readonly [string, number])[])[]): (readonly [string, number])[] {
  const sums = new Map<string, number>();
  for (const [name, value] of lists.flat()) if (value > 0) sums.set(name, (sums.get(name) ?? 0) + value);
  return sorted([...sums]);
}

test('where tokens are asked for, Prometheus shows one; hostile names do not break the scrape', async () => {
  const token = 'a-token-of-a-scraper';
  const { desk } = await start({ auth: [{ name: 'scraper', secret: token }] });
  const hostile = ['plain', 'a"b', 'a\\b', 'a\nb', 'a\u0000b', 'bö', '😀', '{}', ' '];
  const lines = hostile.map((strategy_id, at) =>
    JSON.stringify({
      event_id: `e${at}`,
      stream: 'health',
      strategy_id,
      ts: new Date().toISOString(),
      mode: 'paper',
      session_id: 's',
    }),
  );
  const put = await fetch(`${desk.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: lines.join('\n'),
  });
  expect(put.status).toBe(200);
  const prometheus = await startPrometheus(`${desk.url}/metrics`, { token });
  await calm(() => desk.stats().delivery.stored);
  await prometheus.scraped();

  expect((await prometheus.query('bot_health_checks_total')).map(({ labels }) => labels.strategy_id).sort()).toEqual(
    ['plain', 'a"b', 'a\\b', 'a\\u000ab', 'a\\u0000b', 'bö', '😀', '{}', '(none)'].sort(),
  );
});

import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import type { Verdict } from '../../../lib/core/transform/types.ts';
import type { WireFacts } from '../../../lib/core/transform/wire.ts';
import { CsvRows } from '../../../lib/desk/import/csv.ts';
import { entriesOf } from '../../../lib/desk/import/outgoing.ts';
import { NOW_MS } from '../../support/transform.ts';

const EXECUTIONS =
  'ts_iso,ts,side,qty,mid_price,fill_price,notional_usd,intended_notional,target_pos,paper_qty,paper_avg_px,realized_pnl,unrealized_pnl,fee,impact,equity,raw';
const FILL =
  '2025-11-21T12:45:00+05:30,1763709300000,BUY,0.0108,85486.8,85503.8,928.7,928.6,0.037,0.0108,85503.8,-5.5,0.0,0.46,5.04,9994.3,' +
  '"{""dry_run"": true, ""side"": ""BUY"", ""qty"": 0.0108, ""price"": 85503.8, ""target_qty"": 0.01086, ""fee"": 0.46, ""note"": ""a,b""}"';

/** What becomes of the rows of a sheet. */
const verdicts = (path: string, ...lines: readonly string[]): Verdict[] => verdictsWith({}, path, ...lines);

/** The same where the sender knows facts. */
function verdictsWith(set: WireFacts, path: string, ...lines: readonly string[]): Verdict[] {
  const transform = createTransform({}, { sha256 });
  const { row } = entriesOf({
    log: { source: 's', path, file: 'f00d.0' },
    facts: { set },
    map: undefined,
    filePath: `/home/bot/${path}`,
  });
  const rows = new CsvRows().push(lines.map((text, index) => ({ text, number: index + 1, at: 0, bytes: text.length })));
  return rows.flatMap((one) => {
    const verdict =
      one.kind === 'row' ? transform(row(one), { recordId: 'r', index: 0, arrivedMs: NOW_MS }) : undefined;
    return verdict === undefined ? [] : [verdict];
  });
}
const events = (path: string, ...lines: readonly string[]): Record<string, unknown>[] => eventsWith({}, path, ...lines);
const eventsWith = (set: WireFacts, path: string, ...lines: readonly string[]): Record<string, unknown>[] =>
  verdictsWith(set, path, ...lines).map((verdict) => {
    expect(verdict).toMatchObject({ outcome: 'stored' });
    const event = JSON.parse(verdict.json);
    expect(event).not.toHaveProperty('misfits');
    return event;
  });

describe('executions', () => {
  test('a row is a fill with its costs, told from the same fill in other logs, a value said twice kept once', () => {
    const [event] = events('5m/sheets_fallback/executions_paper.csv', EXECUTIONS, FILL);

    expect(event).toMatchObject({
      event_id: 'f00d.0-2',
      stream: 'execution',
      source_log: 'executions_paper',
      dialect: 'map:s1-sheet',
      ts: '2025-11-21T07:15:00.000000Z',
      ts_source: 'bar_ts',
      bar_ts: '2025-11-21T07:15:00.000000Z',
      ts_local: '2025-11-21T12:45:00+05:30',
      timeframe: '5m',
      timeframe_source: 'path',
      session_id: 'sheet-f00d.0-2',
      side: 'buy',
      qty: 0.0108,
      price: 85503.8,
      mid: 85486.8,
      notional_usd: 928.7,
      intended_notional_usd: 928.6,
      target_position: 0.037,
      position_qty: 0.0108,
      position_avg_px: 85503.8,
      realized_pnl_cum_usd: -5.5,
      unrealized_pnl_usd: 0,
      fee_usd: 0.46,
      impact_usd: 5.04,
      impact_basis: 'charged',
      pnl_basis: 'net_of_all_costs',
      equity: 9994.3,
      target_qty: 0.01086,
      is_dry_run: true,
      extra: '{"raw":{"note":"a,b"}}',
    });
    expect(event).not.toHaveProperty('mode');
  });

  test('a row that names its run keeps it, and so does one whose run the sender names', () => {
    const named = (column: string): unknown =>
      events('executions_paper.csv', `${EXECUTIONS},${column}`, `${FILL},r-1`)[0]?.session_id;
    expect([named('session_id'), named('run_id')]).toEqual(['r-1', 'r-1']);

    const [sent] = eventsWith({ session_id: 'mine' }, 'executions_paper.csv', EXECUTIONS, FILL);
    expect(sent).toMatchObject({ session_id: 'mine' });
    expect(sent?.extra).toBe('{"raw":{"note":"a,b"}}');
  });

  test('a run whose beginning is not in the sheet says so', () => {
    const [event] = events('executions_paper.csv', EXECUTIONS, FILL.replace(',-5.5,', ',-75.5,'));
    expect(JSON.parse(String(event?.extra))).toMatchObject({ run_begins: 'before the sheet' });
    expect(event).toMatchObject({ session_id: 'sheet-f00d.0-2' });
  });

  test('the mode is the sender’s to say: no sheet claims one', () => {
    const [sent] = eventsWith({ mode: 'live' }, 'executions_paper.csv', EXECUTIONS, FILL);
    expect(sent).toMatchObject({ mode: 'live' });
  });

  test('rows of one process are one run, and the next process is another', () => {
    const at = (qty: string, avg: string, realized: string, fill: string): string =>
      `2025-11-21T12:45:00+05:30,1763709300000,BUY,1,100,${fill},100,100,1,${qty},${avg},${realized},0.0,0.5,0.5,9999,`;
    const rows = [at('1', '100', '-1', '100'), at('2', '105', '-2', '110'), at('1', '100', '-1', '100')];

    expect(events('executions_paper.csv', EXECUTIONS, ...rows).map((event) => event.session_id)).toEqual([
      'sheet-f00d.0-2',
      'sheet-f00d.0-2',
      'sheet-f00d.0-4',
    ]);
  });

  test('an empty cell is null', () => {
    const [event] = events('executions_paper.csv', EXECUTIONS, FILL.replace(',9994.3,', ',,'));

    expect(event).toMatchObject({ equity: null });
  });

  test('the time of the bar comes from ts_iso where ts is empty; without an offset it is read as UTC and flagged', () => {
    const [offset, naive] = events(
      'executions_paper.csv',
      EXECUTIONS,
      FILL.replace('1763709300000', ''),
      FILL.replace('1763709300000', '').replace('+05:30', ''),
    );

    expect(offset).toMatchObject({ bar_ts: '2025-11-21T07:15:00.000000Z' });
    expect(offset).not.toHaveProperty('ts_naive');
    expect(naive).toMatchObject({ bar_ts: '2025-11-21T12:45:00.000000Z', ts_naive: true });
  });

  test('sheets made from the first one carry its rows again, and say which they are', () => {
    for (const name of ['executions_dedup', 'executions_with_adv20', 'executions_paper_with_decision_time'])
      expect(events(`24h/sheets_fallback/${name}.csv`, `${EXECUTIONS},adv20`, `${FILL},1`)[0]).toMatchObject({
        source_log: name,
        timeframe: '24h',
      });
  });

  test('rows that are sums of fills are no fills', () => {
    const [verdict] = verdicts(
      '1h/sheets_fallback/executions_from_5m_agg.csv',
      'ts_iso,ts,side,qty,mid_price,fill_price,notional_usd,realized_pnl,fee,impact,equity,raw',
      '2025-11-21T06:30:00,1763706600000,BUY,0.05,82462.4,82478.9,4240.1,-24.06,2.12,21.9,9995.4,"[{""side"": ""BUY""},{""side"": ""BUY""}]"',
    );

    expect(verdict).toMatchObject({ outcome: 'quarantined', reason: 'unknown_shape' });
  });
});

test('an equity row is an equity_curve event', () => {
  const [event] = events(
    'equity_1h.csv',
    'ts_iso,ts,last_price,paper_qty,paper_avg_px,realized,unrealized,equity',
    '2025-11-21T05:30:00+05:30,1763683200000,85391.4,0.010874,85408.47828,-5.51,-0.18,9994.3',
  );

  expect(event).toMatchObject({
    stream: 'equity_curve',
    source_log: 'equity',
    timeframe: '1h',
    equity: 9994.3,
    position_qty: 0.010874,
    position_avg_px: 85408.47828,
    realized_pnl_cum_usd: -5.51,
    unrealized_pnl_usd: -0.18,
    extra: '{"last_price":"85391.4"}',
  });
});

test('a health row keeps unknown apart from 0, and reads booleans in both spellings', () => {
  const header =
    'ts_iso,ts,recent_bars,mean_p_down,mean_p_up,mean_s_model,exec_count_recent,funding_stale,equity,ws_queue_drops,ws_reconnects,ws_staleness_ms,Sharpe_roll_1d,Sharpe_roll_1w,Sortino_1w,max_dd_to_date,time_in_mkt,hit_rate_w,turnover_bps_day,capacity_participation,ic_drift,calibration_drift,leakage_flag,same_bar_roundtrip_flag,in_band_share';
  const rows = (stale: string): string =>
    `2025-11-21T05:30:00+05:30,1763683200000,1,0.06,0.13,0.07,1,${stale},9994.3,0,0,,,1.5,,0.0,,,,1.4e-05,,0.0,0,False,0.0`;

  const [one, two] = events('health_metrics.csv', header, rows('1'), rows('True'));

  expect(one).toMatchObject({
    stream: 'health',
    source_log: 'health_metrics',
    funding_stale: true,
    ws_reconnects: 0,
    ws_staleness_ms: null,
    sharpe_1d: null,
    sharpe_1w: 1.5,
    sortino_1w: null,
    leakage_flag: false,
    same_bar_roundtrip_flag: false,
    capacity_participation: 0.000014,
  });
  expect(two).toMatchObject({ funding_stale: true });
  expect(one).not.toHaveProperty('extra');
});

test('an overlay row has its lists as lists, under the names of the catalog', () => {
  const header = 'ts_iso,ts,dir,alpha,confidence,alignment_rule,chosen_timeframes,individual_signals';
  const [agreed, alone] = events(
    'overlay_1h.csv',
    header,
    '2025-11-21T16:30:00+05:30,1763722800000,0,0.0,0.69,agreement,"5m,15m","{""5m"": {""dir"": 0, ""alpha"": 0.0, ""conf"": 0.1}}"',
    '2025-11-21T16:30:00+05:30,1763722800000,0,0.0,0.0,fallback,,"{}"',
  );

  expect(agreed).toMatchObject({
    stream: 'overlay_status',
    direction: 0,
    chosen_timeframes: ['5m', '15m'],
    individual_signals: { '5m': { direction: 0, alpha: 0, confidence: 0.1 } },
  });
  expect(alone).toMatchObject({ chosen_timeframes: null, individual_signals: {} });
});

test('a signals row has the signals whose sign is known; those of turned sign stay in extra', () => {
  const [event] = events(
    'signals.csv',
    'ts_iso,ts,open,high,low,close,volume,S_top,S_bot,S_mood,p_down,p_neutral,p_up,s_model,s_model_meta,s_model_bma,model_source,bma_w_base,bma_w_prob,pred_bma_bps,dir,alpha,funding,funding_stale,position,exec_resp',
    '2025-11-21T05:30:00+05:30,1763683200000,1,2,0.5,1.5,67.7,0.1,0.0,-0.2,0.06,0.80,0.13,0.07,0.07,0.07,bma,1.0,0.0,742.9,1,0.074,0.0,True,0.037,"{""dry_run"": true}"',
  );

  expect(event).toMatchObject({
    stream: 'signals',
    cohort_pros: 0.1,
    cohort_mood: -0.2,
    s_model: 0.07,
    direction: 1,
    alpha: 0.074,
    pred_bma_bps: 742.9,
  });
  expect(JSON.parse(String(event?.extra))).toMatchObject({
    s_model_meta: '0.07',
    close: '1.5',
    exec_resp: { dry_run: true },
  });
});

test('a row that is no sheet’s goes to quarantine with the names of its columns', () => {
  const [verdict] = verdicts('bandit.csv', 'ts,event,chosen', '1763683200000,select,');

  expect(verdict).toMatchObject({ outcome: 'quarantined', reason: 'unknown_shape' });
  expect(JSON.parse(verdict?.json ?? '{}')).toMatchObject({
    raw: '{"ts":"1763683200000","event":"select","chosen":null}',
    source_path: 'bandit.csv',
    seq: 2,
  });
});

import { CATALOG } from '../../lib/core/catalog/index.ts';
import { REDRIVEN } from '../../lib/core/query/views.ts';
import { exampleEvent, isoOf, type LakeEvent, writeLake } from './lake.ts';

const MIDNIGHT_MS = Date.UTC(2025, 10, 21);
const NULLS = { timeframe: null, timeframe_source: null };

/** Events on either side of midnight, so that whatever a view does by day is seen. */
const around = (afterMs: number): LakeEvent => ({
  ts_ms: MIDNIGHT_MS + afterMs,
  ingested_at: isoOf(MIDNIGHT_MS + 60_000),
});

/**
 * A lake in which every view has something to do: repeats, copies that came in later, revisions, rows withdrawn, days
 * that only Nightdesk wrote, lines about quarantine, events without a clock, and decisions whose timeframe only the ensemble knows.
 */
export function writeViewLake(dataDir: string): void {
  const examples = Object.keys(CATALOG).flatMap((stream) => [
    exampleEvent(stream, around(-1_000)),
    exampleEvent(stream, around(3_600_000)),
  ]);
  writeLake(dataDir, examples);
  // Again, as a resend brings it, later and with another value.
  writeLake(
    dataDir,
    examples.map((event) => ({ ...event, ingested_at: isoOf(MIDNIGHT_MS + 120_000), symbol: 'LATER' })),
  );
  writeLake(dataDir, [...withoutClock(), ...linked(), ...quarantined(), ...curves(), ...revisions()]);
}

const withoutClock = (): LakeEvent[] =>
  ['health', 'gate', 'order'].map((stream) => exampleEvent(stream, { ts: null, ts_ms: null, ts_source: 'none' }));

/** Rows that do not say their timeframe, and ensemble records that do: in time, too early, and across midnight. */
function linked(): LakeEvent[] {
  const bar = { bar_ts: isoOf(MIDNIGHT_MS - 300_000), symbol: 'BTC-USD', strategy_id: 's1', session_id: 'r1' };
  const record = (afterMs: number, bps: number, timeframe: string): LakeEvent =>
    exampleEvent('ensemble', { ...around(afterMs), ...bar, pred_stack_bps: bps, timeframe, timeframe_source: 'path' });
  return [
    record(-400, 12.3, '5m'),
    record(-300, 12.3, '15m'),
    record(-9_000, 45.6, '1h'),
    exampleEvent('signals', { ...around(-200), ...bar, ...NULLS, pred_bma_bps: 12.34 }),
    exampleEvent('signals', { ...around(1_500), ...bar, ...NULLS, pred_bma_bps: 12.27 }),
    exampleEvent('signals', { ...around(1_600), ...bar, ...NULLS, pred_bma_bps: 45.6 }),
    exampleEvent('calibration', { ...around(100), ...bar, ...NULLS, pred_cal_bps: 12.3 }),
    exampleEvent('risk', { ...around(100), ...bar, ...NULLS, raw_score_bps: null }),
  ];
}

function quarantined(): LakeEvent[] {
  const lines = ['a', 'b'].map((id) =>
    exampleEvent('quarantine', { ...around(0), event_id: id, strategy_id: null, session_id: null, reason: 'too_old' }),
  );
  return [...lines, { ...lines[0], ingested_at: isoOf(MIDNIGHT_MS + 90_000), reason: REDRIVEN }];
}

/** One bot that writes its curve, one that does not, and the ledger's curve of both. */
const curves = (): LakeEvent[] =>
  [1_000, 2_000].flatMap((afterMs) => {
    const point = (over: LakeEvent): LakeEvent =>
      exampleEvent('equity_curve', { ...around(afterMs), mode: 'paper', ...over });
    const ledgers = { dialect: 'derived', rev: 1 };
    return [
      point({ strategy_id: 'writes', equity: 10 }),
      point({ strategy_id: 'writes', equity: 11, ...ledgers }),
      point({ strategy_id: 'silent', equity: 12, ...ledgers }),
    ];
  });

const revisions = (): LakeEvent[] =>
  ['trade_lifecycle', 'order_lifecycle', 'session', 'snapshot'].flatMap((stream) => {
    const row = (id: string, rev: number, over: LakeEvent = {}): LakeEvent =>
      exampleEvent(stream, { ...around(5_000), event_id: `${stream}-${id}`, rev, retracted: false, ...over });
    return [row('kept', 2, { symbol: 'NEW' }), row('kept', 10), row('gone', 1), row('gone', 2, { retracted: true })];
  });

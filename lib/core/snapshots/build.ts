import { dateOf } from '../lake/keys.ts';
import type { DerivedRow, LedgerTools } from '../lifecycle/types.ts';
import { formatUs } from '../transform/time.ts';
import { type Additive, additiveOf, type BucketView, openTrades, viewOf } from './additive.ts';
import { type CurveFigures, curveFigures, NO_FIGURES } from './curve.ts';
import { timeframeOfAccount } from './facts.ts';
import type { CurveName, SnapshotMemory } from './memory.ts';
import { sharpeOf, sortinoOf } from './returns.ts';
import { BUCKETS, type BucketInput, type Level, type Owner, type Point, type SnapshotRow } from './types.ts';

/** Part of a strategy that lives in a bucket and has a curve of its own: a run, or an account that outlives its runs. */
interface Unit extends Owner {
  readonly name: CurveName;
  readonly figures: CurveFigures;
  readonly ratios: Pick<SnapshotRow, 'rolling_sharpe' | 'rolling_sortino' | 'rolling_returns'>;
}

/** Rows of one bucket of one (mode, strategy): its runs, its accounts, and itself. None where nothing happened in it. */
export function snapshotsOf(input: BucketInput, memory: SnapshotMemory, tools: LedgerTools): DerivedRow[] {
  const view = viewOf(input);
  if (view.present.length === 0) return [];
  const byRun = input.scope === 'session';
  // What names no run is the strategy's context, unless no run is named at all.
  const named = ({ session }: Owner): boolean => session !== null;
  const living = view.living.some(named) ? view.living.filter(named) : view.living;
  const runs = view.present.some(named) ? view.present.filter(named) : view.present;
  const units = owners(byRun ? living : view.living.map(({ account }) => ({ account, session: null })));
  const curves = units.map((unit) => curveUnit(input, view, { unit, sole: units.length === 1, memory }));
  const [first] = curves;
  const only = curves.length === 1 ? first : undefined;

  const rows: DerivedRow[] = [];
  for (const run of runs) {
    const shared = living.filter(({ account }) => account === run.account).length > 1;
    const unit = byRun
      ? curves.find(({ account, session }) => account === run.account && session === run.session)
      : shared
        ? undefined
        : curves.find(({ account }) => account === run.account);
    const of = (owner: Owner): boolean => owner.account === run.account && owner.session === run.session;
    rows.push(rowOf({ input, view, level: 'run', owner: run, of, unit, alone: true, shared: !byRun && shared }, tools));
  }
  for (const { account } of owners(view.present.map(({ account }) => ({ account, session: null })))) {
    if (byRun && account === null) continue;
    const own = curves.filter((curve) => curve.account === account);
    const [sole] = own;
    const unit = own.length === 1 ? sole : undefined;
    const of = (owner: Owner): boolean => owner.account === account;
    const owner = { account, session: null };
    rows.push(rowOf({ input, view, level: 'account', owner, of, unit, alone: unit !== undefined }, tools));
  }
  const owner = { account: null, session: null };
  rows.push(
    rowOf({ input, view, level: 'strategy', owner, of: () => true, unit: only, alone: only !== undefined }, tools),
  );
  return rows;
}

function curveUnit(
  input: BucketInput,
  view: BucketView,
  { unit, sole, memory }: { readonly unit: Owner; readonly sole: boolean; readonly memory: SnapshotMemory },
): Unit {
  const { key, scope, bucket, startMs, midnightMs } = input;
  const { widthMs, returns, least, perYear } = BUCKETS[bucket];
  const byRun = scope === 'session';
  const name: CurveName = {
    bucket,
    mode: key.mode,
    strategyId: key.strategyId,
    level: byRun ? 'run' : 'account',
    account: unit.account,
    session: byRun ? unit.session : null,
  };
  const mine = (owner: Owner): boolean => owner.account === unit.account && (!byRun || owner.session === unit.session);
  const figures = curveFigures({
    points: believed(view.points.filter(mine)),
    // A flow that names no run is of the one that lives; of several it is of none.
    flows: view.flows.filter((flow) => mine(flow) || (sole && flow.session === null)),
    startUs: startMs * 1000,
    widthUs: widthMs * 1000,
    midnightUs: midnightMs * 1000,
    memory: memory.of(name),
    closeBefore: memory.closeBefore(name, midnightMs * 1000),
  });
  const own = figures.returnPct === null ? [] : [figures.returnPct / 100];
  const all = [...memory.returnsOf(name, startMs), ...own];
  const ratios =
    figures.equity === null
      ? { rolling_sharpe: null, rolling_sortino: null, rolling_returns: null }
      : {
          rolling_sharpe: sharpeOf(all, { returns, least, perYear }),
          rolling_sortino: sortinoOf(all, { returns, least, perYear }),
          rolling_returns: all.length,
        };
  return { ...unit, name, figures, ratios };
}

/** The bot's own points, else the ledger's; none where they are of several venues, which are no one curve. */
function believed(points: readonly Point[]): Point[] {
  const own = points.filter(({ from }) => from !== 'ledger');
  const used = own.length > 0 ? own : points;
  const venues = new Set(used.map(({ venue }) => venue).filter((venue) => venue !== null));
  return venues.size > 1 ? [] : [...used];
}

function owners(found: readonly Owner[]): Owner[] {
  const unique = new Map(found.map((owner) => [JSON.stringify([owner.account, owner.session]), owner]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, owner]) => owner);
}

interface RowInput {
  readonly input: BucketInput;
  readonly view: BucketView;
  readonly level: Level;
  readonly owner: Owner;
  readonly of: (owner: Owner) => boolean;
  readonly unit: Unit | undefined;
  /** Whether no more than one curve lives in what the row is about: only then its ratios mean something. */
  readonly alone: boolean;
  /** A run beside others in one account: what is held is the account's, not its. */
  readonly shared?: boolean;
}

function rowOf(
  { input, view, level, owner, of, unit, alone, shared = false }: RowInput,
  tools: LedgerTools,
): DerivedRow {
  const { key, bucket, startMs, midnightMs } = input;
  const endMs = startMs + BUCKETS[bucket].widthMs;
  const { figures, ratios } = unit ?? { figures: NO_FIGURES, ratios: {} };
  const additive: Additive = additiveOf(view, of);
  // What does not add up is that of the one curve that lives, whatever dead runs hold beside it.
  const byRun = input.scope === 'session';
  const ofUnit = (other: Owner): boolean =>
    unit === undefined || level === 'run'
      ? of(other)
      : other.account === unit.account && (!byRun || other.session === unit.session);
  const trades = openTrades(view, of);
  const stamp = new Date(startMs).toISOString().slice(0, bucket === '1h' ? 13 : 10);
  const name = JSON.stringify([key.mode, key.strategyId, owner.account, owner.session]);
  const event: SnapshotRow = {
    event_id: `${bucket}-${stamp}-${level}-${tools.sha256(name).slice(0, 16)}`,
    stream: 'snapshot',
    schema_version: 1,
    ts: formatUs(startMs * 1000),
    ts_ms: startMs,
    ts_source: 'ts',
    strategy_id: key.strategyId,
    session_id: owner.session,
    account_id: owner.account,
    timeframe: timeframeOfAccount(owner.account),
    mode: key.mode as SnapshotRow['mode'],
    ts_ist: istOf(endMs),
    equity_value: figures.equity,
    drawdown_current: figures.drawdown,
    daily_pnl: figures.dailyPnl,
    rolling_sharpe: ratios.rolling_sharpe ?? null,
    trade_count: additive.closed.length,
    win_rate: alone ? winRate(additive.closed.filter(ofUnit).map(({ net }) => net)) : null,
    turnover: additive.turnover,
    error_counts: additive.errors,
    risk_breaches: additive.breaches,
    bucket,
    bucket_start_ts: formatUs(startMs * 1000),
    bucket_end_ts: formatUs(endMs * 1000),
    level,
    runs: additive.runs,
    equity_ts: figures.equityUs === null ? null : formatUs(figures.equityUs),
    equity_source: figures.source,
    peak_equity: figures.peak,
    max_drawdown: figures.maxDrawdown,
    flows: additive.flows,
    return_pct: figures.returnPct,
    daily_realized_pnl: additive.realizedSince(midnightMs * 1000),
    rolling_returns: ratios.rolling_returns ?? null,
    rolling_sortino: ratios.rolling_sortino ?? null,
    exposure_usd: shared ? null : additive.exposure,
    time_in_market: alone && !shared ? openTrades(view, ofUnit).timeInMarket : null,
    fees_usd: additive.fees,
    funding_usd: additive.funding,
    realized_pnl_usd: additive.net,
    gross_pnl_usd: additive.gross,
    fill_count: additive.fills,
    open_trades: trades.open,
    abandoned_trades: additive.abandoned,
    orders: additive.orders,
    rejections: additive.rejections,
    decisions: additive.decisions,
    gate_blocks: additive.gateBlocks,
    rejection_reasons: additive.rejectionReasons,
    exit_reasons: additive.exitReasons,
    provisional: additive.closed.some(({ provisional }) => provisional),
  };
  const known = Object.entries(event).filter(([, value]) => value !== null && value !== undefined);
  return { stream: 'snapshot', id: event.event_id ?? '', date: dateOf(startMs), event: Object.fromEntries(known) };
}

/** Share of trades with a net gain; null where there is none, or a net is not known. */
const winRate = (nets: readonly (number | null)[]): number | null =>
  nets.length === 0 || nets.includes(null) ? null : nets.filter((net) => (net ?? 0) > 0).length / nets.length;

const IST_MS = 19_800_000;
/** S1's zone, UTC+05:30. */
const istOf = (ms: number): string => `${new Date(ms + IST_MS).toISOString().slice(0, 19)}+05:30`;

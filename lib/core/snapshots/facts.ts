import type { LakeRecord } from '../lake/read.ts';
import { isS1 } from '../lifecycle/fill.ts';
import { microseconds } from '../lifecycle/input.ts';
import { formattedToUs } from '../transform/time.ts';
import type { Block, Fact, Flow, LedgerPoint, Mark, OrderFact, Owner, Point, Trade } from './types.ts';

// What snapshots need of the lines of the lake: small, so that days of them fit into memory.

/** Streams of bots that snapshots read, of every day on its own. */
export const SENT_STREAMS = [
  'equity_curve',
  'health',
  'cash_flow',
  'error',
  'risk',
  'gate',
  'order_intent',
  'signals',
] as const;

/** What a line of a bot tells; a line without a clock lies in no bucket. */
export function sentFacts(record: LakeRecord, stableCoins: ReadonlySet<string>): Fact[] {
  const head = headOf(record);
  if (head === undefined) return [];
  switch (record.stream) {
    case 'equity_curve':
    case 'health':
      return [pointOf(record, record.stream) ?? { ...head, kind: 'alive' }];
    case 'cash_flow':
      return flowOf(record, stableCoins);
    case 'error':
      return [{ ...head, kind: 'error' }];
    case 'risk':
      return [{ ...head, kind: breaches(record) ? 'breach' : 'alive' }];
    case 'gate':
      return record.passed === false ? [blockOf(record, textOf(record.name))] : [{ ...head, kind: 'alive' }];
    case 'order_intent':
      return [{ ...head, kind: 'intent' }, ...failedGuards(record).map((name) => blockOf(record, name))];
    default:
      return [{ ...head, kind: 'signal' }];
  }
}

/** What a row of the ledger's curve tells: a step of its sums, and equity where it is known. */
export function ledgerFacts(record: LakeRecord): (LedgerPoint | Point)[] {
  const head = headOf(record);
  if (head === undefined) return [];
  const point = pointOf(record, 'ledger');
  const step: LedgerPoint = {
    ...head,
    kind: 'ledger',
    fill: head.id.startsWith('fill-'),
    venue: textOf(record.venue),
    realized: numberOf(record.realized_pnl_cum_usd),
    fees: numberOf(record.fees_cum_usd),
    funding: numberOf(record.funding_cum_usd),
    turnover: numberOf(record.turnover_usd),
    fills: numberOf(record.fill_count) ?? 0,
    exposure: numberOf(record.exposure_usd),
  };
  return point === undefined ? [step] : [step, point];
}

/** A trade; one whose entry is not known counts in no total. */
export function tradeFact(record: LakeRecord): Trade | undefined {
  const head = headOf(record);
  if (head === undefined || record.entry_unknown === true) return undefined;
  return {
    ...head,
    kind: 'trade',
    timeframe: textOf(record.timeframe),
    status: textOf(record.status),
    exitUs: timeOf(record.exit_ts),
    gross: numberOf(record.gross_pnl_usd),
    net: numberOf(record.net_pnl_usd),
    exitReason: textOf(record.exit_reason),
    provisional: record.provisional === true,
  };
}

export function orderFact(record: LakeRecord): OrderFact | undefined {
  const head = headOf(record);
  if (head === undefined) return undefined;
  const rejected = record.status === 'rejected';
  return {
    ...head,
    kind: 'order',
    rejectedUs: rejected ? (timeOf(record.ended_ts) ?? head.us) : null,
    reason: rejected ? (textOf(record.rejection_reason) ?? UNKNOWN) : null,
    made: record.status !== 'intended',
  };
}

/** Name of a reason or gate that is not said. */
export const UNKNOWN = 'unknown';

type Head = Omit<Mark, 'kind'>;

function headOf(record: LakeRecord): Head | undefined {
  const us = microseconds(record.ts, record.ts_ms);
  if (us === undefined) return undefined;
  const seq = numberOf(record.seq) ?? 0;
  return { us, seq, id: String(record.event_id), ...ownerOf(record) };
}

function ownerOf({ account_id, timeframe, dialect, session_id }: LakeRecord): Owner {
  const own = textOf(account_id);
  const frame = isS1(textOf(dialect)) ? textOf(timeframe) : null;
  return { account: own ?? (frame === null ? null : accountOfTimeframe(frame)), session: textOf(session_id) };
}

const TIMEFRAME = 'timeframe ';
/** How accounts are named that S1's bots keep per timeframe; as the ledger names them. */
export const accountOfTimeframe = (timeframe: string): string => `${TIMEFRAME}${timeframe}`;
export const timeframeOfAccount = (account: string | null): string | null =>
  account?.startsWith(TIMEFRAME) ? account.slice(TIMEFRAME.length) : null;

function pointOf(record: LakeRecord, from: Point['from']): Point | undefined {
  const head = headOf(record);
  const equity = numberOf(record.equity);
  if (head === undefined || equity === null) return undefined;
  const pnlTotal = from === 'equity_curve' ? numberOf(record.pnl_total_usd) : null;
  return { ...head, kind: 'point', from, venue: textOf(record.venue), equity, pnlTotal };
}

function flowOf(record: LakeRecord, stableCoins: ReadonlySet<string>): (Flow | Mark)[] {
  const head = headOf(record);
  if (head === undefined) return [];
  const { kind } = record;
  if ((kind !== 'deposit' && kind !== 'withdrawal') || record.is_estimated === true)
    return [{ ...head, kind: 'alive' }];
  const stable = stableCoins.has(textOf(record.asset)?.toUpperCase() ?? '');
  const amount = numberOf(record.amount_usd) ?? (stable ? numberOf(record.amount) : null);
  const signed = amount === null ? null : kind === 'deposit' ? Math.abs(amount) : -Math.abs(amount);
  return [{ ...head, kind: 'flow', amount: signed }];
}

function blockOf(record: LakeRecord, gate: string | null): Block {
  const head = headOf(record) ?? NOWHERE;
  const intent = textOf(record.intent_id) ?? textOf(record.decision_id);
  return { ...head, kind: 'block', gate: gate ?? UNKNOWN, intent };
}
const NOWHERE: Head = { us: Number.NaN, seq: 0, id: '', account: null, session: null };

const failedGuards = ({ guards }: LakeRecord): (string | null)[] =>
  Array.isArray(guards) ? guards.filter((guard) => guard?.passed === false).map((guard) => textOf(guard.name)) : [];

/** Whether any limit was breached: a guard, a cap, the kill switch, or a rule that took the position back. */
function breaches(record: LakeRecord): boolean {
  const triggered = (rule: unknown): boolean =>
    typeof rule === 'object' && rule !== null && 'triggered' in rule && rule.triggered === true;
  return (
    failedGuards(record).length > 0 ||
    record.adv_cap_hit === true ||
    record.killstate_active === true ||
    triggered(record.hard_risk_reduction) ||
    triggered(record.safety_exit)
  );
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const timeOf = (value: unknown): number | null => {
  const us = typeof value === 'string' ? formattedToUs(value) : Number.NaN;
  return Number.isNaN(us) ? null : us;
};

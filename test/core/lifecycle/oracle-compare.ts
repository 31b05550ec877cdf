import { INSTRUMENTS } from './histories.ts';
import { type OracleLedger, type OracleTrade, tradeKey } from './oracle.ts';
import { D } from './oracle-decimal.ts';

// What the rules settle, from both sides in the same words: differences are told, not thrown, so that a test can show them all.

/** A row as it stands in the lake or comes from the fold. */
export type TradeRow = Readonly<Record<string, unknown>>;

/**
 * What of the rows is not what the oracle says; empty where they agree. Rows of unknown entries are no trades.
 * Money is compared to 1e-9 of the amounts it was computed from: a difference of two large ones is no more exact than they are.
 */
export function differences(rows: readonly TradeRow[], ledger: OracleLedger): string[] {
  const found: string[] = [];
  const known = new Map<string, TradeRow>();
  for (const row of rows) {
    if (row.entry_unknown === true) continue;
    const key = tradeKey({ session_id: row.session_id, event_id: row.entry_fill_id });
    if (known.has(key)) found.push(`${key}: two trades have one opening fill`);
    known.set(key, row);
  }
  const expected = new Map(ledger.trades.map((trade) => [trade.key, trade]));
  for (const [key, trade] of expected) {
    const row = known.get(key);
    if (ledger.unsettled.has(trade.book)) continue;
    if (row === undefined) found.push(`${key}: is missing (${trade.direction} ${trade.symbol})`);
    else found.push(...differencesOf(row, trade, { ledger, known }).map((text) => `${key}: ${text}`));
  }
  const open = [...ledger.unsettled];
  for (const [key, row] of known)
    if (!expected.has(key) && !open.some((book) => JSON.parse(book)[3] === row.symbol))
      found.push(`${key}: is no trade`);
  return found;
}

/** What the counters say otherwise than the oracle, where the rules settle them for the whole history. */
export function countDifferences(counts: object, ledger: OracleLedger): string[] {
  const told = counts as Readonly<Record<string, number>>;
  const names = Object.keys(ledger.counts).filter((name) => name !== 'entry_unknown' || ledger.unsettled.size === 0);
  return names.flatMap((name) => {
    const expected = ledger.counts[name as keyof OracleLedger['counts']];
    return told[name] === expected ? [] : [`${name} is ${told[name]}, not ${expected}`];
  });
}

interface Around {
  readonly ledger: OracleLedger;
  readonly known: ReadonlyMap<string, TradeRow>;
}

function differencesOf(row: TradeRow, trade: OracleTrade, { ledger, known }: Around): string[] {
  const found: string[] = [];
  const same = (name: string, expected: unknown): void => {
    if ((row[name] ?? null) !== expected) found.push(`${name} is ${row[name]}, not ${expected}`);
  };
  // What rounding to flat swallowed may count or not, and 1e-15 is nothing; `size`: the amounts that the figure is the difference of.
  const swallowed = ratio(trade.slack, trade.opened);
  const near = (name: string, expected: bigint | null, size = 0n): void => {
    const value = row[name];
    if (expected === null || typeof value !== 'number') {
      same(name, expected);
      return;
    }
    const [wanted, parts] = [D.toNumber(expected), Math.abs(D.toNumber(size))];
    const bound = 1e-15 + 1e-9 * Math.max(Math.abs(wanted), parts) + 2 * swallowed * (Math.abs(wanted) + parts);
    if (!(Math.abs(value - wanted) <= bound)) found.push(`${name} is ${value}, not ${wanted}`);
  };
  const [venue, account, session, symbol, side] = JSON.parse(trade.book);
  same('venue', venue);
  same('account_id', account);
  same('symbol', symbol);
  if (side !== null) same('position_side', side);
  if (trade.scope === 'session') same('session_id', session);
  same('direction', trade.direction);
  same('scope', trade.scope);
  same('trade_method', trade.method);
  if (!ledger.unsettledSessions.has(String(session))) same('status', trade.status);
  same('entry_ts', trade.entryTs);
  same('exit_ts', trade.exitTs);
  same('fill_count', trade.fills);
  if (trade.status === 'closed') same('partial_exit_count', trade.closes - 1);
  if (trade.method === 'flat_to_flat') {
    same('scale_in_count', trade.opens - 1);
    const from = row.flipped_from ?? null;
    const key = from === null ? null : [...known].find(([, { trade_id }]) => trade_id === from)?.[0];
    if (key !== trade.flippedFrom) found.push(`flipped_from is ${key ?? from}, not ${trade.flippedFrom}`);
  }

  const peak = D.ofUnits(trade.peak);
  near('entry_qty', D.ofUnits(trade.opened));
  if (trade.closed > 0n) near('exit_qty', D.ofUnits(trade.closed), peak);
  near('peak_qty', peak);
  near('position_qty', D.ofUnits(trade.direction === 'long' ? trade.held : -trade.held), peak);
  const inverse = INSTRUMENTS[trade.symbol]?.kind === 'inverse';
  if (!inverse) {
    near('entry_px', D.per(trade.openedCost, trade.opened));
    near('entry_notional', trade.notional);
    if (trade.closed > 0n) near('exit_px', D.per(trade.closedCost, trade.closed));
  }
  near('gross_pnl', trade.gross, trade.notional);
  if (inverse) return found; // its dollars come from prices that nobody tells in these histories
  const usd = trade.notionalUsd ?? 0n;
  near('entry_notional_usd', trade.notionalUsd);
  near('gross_pnl_usd', trade.grossUsd, usd);
  near('fees_usd', trade.feesUsd, usd);
  near('impact_usd', trade.impactUsd);
  near('charged_costs_usd', trade.charged);
  if (ledger.unsettledFunding.has(trade.symbol) || ledger.unsettled.size > 0) return found;
  near('funding_usd', trade.fundingUsd);
  near('funding_estimated_usd', trade.fundingEstimated);
  const { grossUsd, feesUsd, fundingUsd, charged } = trade;
  const known3 = grossUsd !== null && feesUsd !== null && fundingUsd !== null;
  near('net_pnl_usd', known3 ? grossUsd - feesUsd + fundingUsd - charged : null, usd);
  return found;
}

const ratio = (a: bigint, b: bigint): number => Number(a) / Number(b);
